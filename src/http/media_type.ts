const htmlTypes: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);
/** The media ranges that include HTML (RFC 9110 §12.5.1). */
const rangesOfHtml: ReadonlySet<string> = new Set([...htmlTypes, "text/*", "*/*"]);

/** Says whether a `Content-Type` is that of a web page. */
export function isHtml(contentType: string | null | undefined): boolean {
  return htmlTypes.has(essenceOf(contentType ?? ""));
}

/** Says whether an `Accept` takes web pages; true where there is none. */
export function acceptsHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  return accept.split(",").some((range) =>
    rangesOfHtml.has(essenceOf(range)) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(range)
  );
}

function essenceOf(mediaType: string): string {
  return mediaType.split(";", 1)[0]!.trim().toLowerCase();
}
