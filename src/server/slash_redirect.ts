import type { DirectAnswer } from "../backend.ts";
import { type HeaderList, headerOf } from "../http/headers.ts";
import { isHtml } from "../http/media_type.ts";
import type { Target } from "../http/path.ts";
import type { OpenedArtifact } from "../vault/vault.ts";

const mayBeFolder = /\/(?:\?|$)/;

/**
 * The redirect for a folder that was requested without the slash at its end, since the relative links of its page count
 * from there; null for everything else. It is a folder where upstream has redirected so as well, perhaps on to the
 * folder's own page, or where the path is a prefix, which stands for the folder of a base URL. The `Location` is
 * relative, so that it works by whatever name the client reaches the vault.
 */
export function slashRedirect(
  { path, query }: Target,
  { upstream, location, headers }: OpenedArtifact,
): DirectAnswer | null {
  // Nearly all hits end here.
  if (path.endsWith("/") || (location === undefined && !mayBeFolder.test(upstream))) return null;
  const asked = pathOf(upstream);
  if (!asked.endsWith("/") && !isFolderOf(location, asked, headers)) return null;
  const folder = `./${path.slice(path.lastIndexOf("/") + 1)}/${query}`;
  return {
    status: 301,
    contentType: "text/plain; charset=utf-8",
    headers: [["location", folder]],
    body: `It is at ${folder}\n`,
  };
}

function isFolderOf(location: string | undefined, asked: string, headers: HeaderList): boolean {
  const path = pathOf(location ?? "");
  if (path === `${asked}/`) return true;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return folder === `${asked}/` && isHtml(headerOf(headers, "content-type"));
}

function pathOf(url: string): string {
  return URL.parse(url)?.pathname ?? "";
}
