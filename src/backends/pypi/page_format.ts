import { parseAccept, preferenceFor } from "../../http/accept.ts";

/** A format of pages and lists, and its `Content-Type`. */
export interface PageFormat {
  readonly form: "json" | "html";
  readonly contentType: string;
}

export const jsonType = "application/vnd.pypi.simple.v1+json";
export const htmlType = "application/vnd.pypi.simple.v1+html";

const legacyHtml: PageFormat = { form: "html", contentType: "text/html" };

/** The most expressive first, and `text/html` as a last resort, as PEP 691 recommends. */
const formats: readonly PageFormat[] = [
  { form: "json", contentType: jsonType },
  { form: "html", contentType: htmlType },
  legacyHtml,
];

/**
 * The format that an `Accept` header prefers (PEP 691): `text/html` where it has no preference, null where it accepts
 * no format there is.
 */
export function negotiate(accept: string | null): PageFormat | null {
  const ranges = parseAccept(accept).map(({ type, quality }) => {
    return { type: type.replace(".simple.latest+", ".simple.v1+"), quality };
  });
  if (ranges.length === 0) return legacyHtml;
  const offers = formats.map((format) => ({ format, ...preferenceFor(format.contentType, ranges) }));
  const [best] = offers.toSorted((a, b) => b.quality - a.quality || b.precision - a.precision);
  if (best!.quality === 0) return null;
  return offers.every(({ precision }) => precision === 0) ? legacyHtml : best!.format;
}
