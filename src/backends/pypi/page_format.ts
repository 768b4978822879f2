/** A form of a page, and what its `Content-Type` says. */
export interface SimpleForm {
  readonly form: "json" | "html";
  readonly contentType: string;
}

export const jsonType = "application/vnd.pypi.simple.v1+json";
export const htmlType = "application/vnd.pypi.simple.v1+html";

const legacyHtml: SimpleForm = { form: "html", contentType: "text/html" };

/** The most expressive first, and `text/html` as a last resort, as PEP 691 recommends. */
const forms: readonly SimpleForm[] = [
  { form: "json", contentType: jsonType },
  { form: "html", contentType: htmlType },
  legacyHtml,
];

/** An element of an `Accept` header. */
interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/** A form, how much it is wanted, and how precisely it was named: 0 by a wildcard for all, 2 by its own type. */
interface Offer {
  readonly form: SimpleForm;
  readonly quality: number;
  readonly precision: number;
}

/**
 * The form that an `Accept` header wants most (PEP 691, RFC 9110 §12.5.1): `text/html` where it does not care, null
 * where it takes none of what there is.
 */
export function negotiate(accept: string | null): SimpleForm | null {
  // What opens a quote and does not close it goes to the end: to look for another way takes quadratic time.
  const elements = accept?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+/g) ?? [];
  const ranges = elements.map(parseRange).filter(({ type }) => type !== "");
  if (ranges.length === 0) return legacyHtml;
  const offers = forms.map((form) => offerOf(form, ranges));
  const [best] = offers.toSorted((a, b) => b.quality - a.quality || b.precision - a.precision);
  if (best!.quality === 0) return null;
  return offers.every(({ precision }) => precision === 0) ? legacyHtml : best!.form;
}

/** Names and parameters are in any case; a weight that makes no sense counts as none. */
function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.toLowerCase().split(";").map((part) => part.trim());
  const weight = parameters.map((parameter) => /^q\s*=\s*([\d.]+)$/.exec(parameter)?.[1]).find((found) => found);
  const quality = Number(weight ?? 1);
  return {
    type: type === "*" ? "*/*" : type.replace(".simple.latest+", ".simple.v1+"),
    quality: quality >= 0 && quality <= 1 ? quality : 1,
  };
}

/** What the most precise of the ranges that cover it says. */
function offerOf(form: SimpleForm, ranges: readonly MediaRange[]): Offer {
  const { contentType } = form;
  const group = contentType.replace(/\/.*/, "/*");
  for (const [precision, type] of [[2, contentType], [1, group], [0, "*/*"]] as const) {
    const qualities = ranges.filter((range) => range.type === type).map(({ quality }) => quality);
    if (qualities.length > 0) return { form, precision, quality: Math.max(...qualities) };
  }
  return { form, precision: 0, quality: 0 };
}
