import { below, home } from "./paths.ts";

/** True for a page for people. The start page is for browsers; other programs get it as text. */
export function isPage(path: string, headers: Headers): boolean {
  if (path !== home) return path.startsWith(below);
  return headers.get("accept")?.toLowerCase().includes("text/html") ?? false;
}
