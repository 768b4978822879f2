import { isProjectName, normaliseName } from "./pypi_name.ts";

/** What a path below the prefix means. */
export type PypiRequest =
  /** To be asked for at this path below the prefix instead. */
  | { readonly kind: "moved"; readonly path: string }
  | { readonly kind: "list" }
  /** `project` is normalised; `toRoot` leads from the page to the prefix. */
  | { readonly kind: "page"; readonly project: string; readonly toRoot: string }
  /** A file below `packages_url`; `rest` begins with a slash. */
  | { readonly kind: "package"; readonly rest: string }
  /** A file anywhere, that the page of this project lists. */
  | { readonly kind: "file"; readonly project: string; readonly url: string }
  | { readonly kind: "unknown" };

const pagePath = /^(\/simple)?\/([^/]+)(\/)?$/;
const filePath = /^\/files\/([^/]+)\/(https?)\/([^/]+)(\/.+)$/;

/** Pages stand below `/simple` (PEP 503) and, as the original has them, below the prefix itself. */
export function parsePypiRequest(path: string): PypiRequest {
  if (path === "/" || path === "/simple") return { kind: "moved", path: "/simple/" };
  if (path === "/simple/") return { kind: "list" };
  if (path.startsWith("/packages/")) return { kind: "package", rest: path.slice("/packages".length) };
  const [, project, scheme, host, rest] = filePath.exec(path) ?? [];
  if (project !== undefined) {
    const url = `${scheme}://${host}${rest}`;
    return URL.canParse(url) ? { kind: "file", project: normaliseName(project), url } : { kind: "unknown" };
  }
  const [, folder = "", written = "", slash] = pagePath.exec(path) ?? [];
  if (!isProjectName(written)) return { kind: "unknown" };
  const name = normaliseName(written);
  if (name !== written || slash === undefined) return { kind: "moved", path: `${folder}/${name}/` };
  return { kind: "page", project: name, toRoot: folder === "" ? "../" : "../../" };
}

/** The path below the prefix of a file that the page of this project lists; without its query. */
export function formatFilePath(project: string, url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `/files/${project}/${protocol.slice(0, -1)}/${host}${pathname}`;
}
