/**
 * A URL as it may stand in a message: without user, password and query, which is where signed URLs keep their secrets.
 */
export function shownUrl(url: string | URL): string {
  const parsed = URL.parse(url);
  if (parsed === null) return "(not a URL)";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search === "" ? "" : "?…"}`;
}
