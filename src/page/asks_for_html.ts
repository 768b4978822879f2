/** True for a browser; other programs get the start page as text. */
export function asksForHtml(headers: Headers): boolean {
  return headers.get("accept")?.toLowerCase().includes("text/html") ?? false;
}
