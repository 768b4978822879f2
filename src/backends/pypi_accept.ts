/** A form of a page, and what its `Content-Type` says. */
export interface SimpleForm {
  readonly form: "json" | "html";
  readonly contentType: string;
}

export const jsonType = "application/vnd.pypi.simple.v1+json";
export const htmlType = "application/vnd.pypi.simple.v1+html";

const legacyHtml: SimpleForm = { form: "html", contentType: "text/html" };

/** What we can say, the most welcome first where a client has no preference. */
const forms: readonly SimpleForm[] = [
  legacyHtml,
  { form: "json", contentType: jsonType },
  { form: "html", contentType: htmlType },
];

interface Wanted {
  readonly type: string;
  readonly quality: number;
}

/**
 * The form that an `Accept` header wants most (PEP 691, RFC 9110 §12.5.1): `text/html` where it does not care, null
 * where it takes none of what there is.
 */
export function negotiate(accept: string | null): SimpleForm | null {
  const wanted = (accept ?? "").split(",").map(parseWanted).filter(({ type }) => type !== "");
  if (wanted.length === 0) return legacyHtml;
  const ranked = forms.map((form) => ({ form, quality: qualityOf(form, wanted) }));
  const [best] = ranked.toSorted((a, b) => b.quality - a.quality);
  return best!.quality > 0 ? best!.form : null;
}

function parseWanted(text: string): Wanted {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "") ?? "1";
  const number = Number(quality);
  return { type: type.replace(".simple.latest+", ".simple.v1+"), quality: number >= 0 && number <= 1 ? number : 0 };
}

/** What the most specific of the ranges that cover it says. */
function qualityOf({ contentType }: SimpleForm, wanted: readonly Wanted[]): number {
  const group = `${contentType.slice(0, contentType.indexOf("/"))}/*`;
  for (const range of [contentType, group, "*/*"]) {
    const found = wanted.filter(({ type }) => type === range);
    if (found.length > 0) return Math.max(...found.map(({ quality }) => quality));
  }
  return 0;
}
