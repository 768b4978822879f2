/**
 * Returns a URL as messages may show it: without user, password and query, which is where signed URLs have their
 * secrets.
 */
export function shownUrl(url: string | URL): string {
  const parsed = URL.parse(url);
  if (parsed === null) return "(not a URL)";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search === "" ? "" : "?…"}`;
}
