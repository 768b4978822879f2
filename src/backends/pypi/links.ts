import { decodedPath } from "../../http/path.ts";

/** The fragment of a link: begins with `#`, or is empty. */
export function fragmentOf(link: string): string {
  const start = link.indexOf("#");
  return start < 0 ? "" : link.slice(start);
}

/** The absolute URL of a link, without credentials; null for other schemes than http and https. */
export function absoluteUrl(link: string, base: string): URL | null {
  const url = URL.parse(link, base);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return null;
  if (url.username !== "" || url.password !== "") url.username = url.password = "";
  return url;
}

/** The last segment of a path, decoded, with or without a slash behind it; empty for the root. */
export function lastSegment(path: string): string {
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  return decodedPath(path.slice(path.lastIndexOf("/", end - 1) + 1, end));
}
