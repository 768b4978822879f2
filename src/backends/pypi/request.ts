import { isProjectName, normaliseName } from "./names.ts";

/** The meaning of a path below the prefix. */
export type IndexRequest =
  /** A redirect to this path below the prefix. */
  | { readonly kind: "moved"; readonly path: string }
  | { readonly kind: "list" }
  /** `project` is normalised; `toRoot` leads from the page to the prefix. */
  | { readonly kind: "page"; readonly project: string; readonly toRoot: string }
  /** The JSON API's document of a project, or of one version of it; `version` is decoded. */
  | { readonly kind: "api"; readonly project: string; readonly version: string | null }
  /** A file below `packages_url`; `rest` begins with a slash. */
  | { readonly kind: "package"; readonly rest: string }
  /** A file at any URL, which the page of this project lists. */
  | { readonly kind: "file"; readonly project: string; readonly url: string }
  | { readonly kind: "unknown" };

const pagePath = /^(\/simple)?\/([^/]+)(\/)?$/;
/** PyPI has its JSON API below `/pypi`, which may also be the prefix of a backend. */
const apiPath = /^(\/pypi)?\/([^/]+)(?:\/([^/]+))?\/json\/?$/;
const filePath = /^\/files\/([^/]+)\/(https?)\/([^/]+)(\/.+)$/;

/** Parses a path. Pages are below `/simple` (PEP 503) and, as in the original, below the prefix itself. */
export function parseRequest(path: string): IndexRequest {
  if (path === "/" || path === "/simple") return { kind: "moved", path: "/simple/" };
  if (path === "/simple/") return { kind: "list" };
  if (path.startsWith("/packages/")) return { kind: "package", rest: path.slice("/packages".length) };
  if (filePath.test(path)) return parseFile(path);
  if (apiPath.test(path) && !path.startsWith("/simple/")) return parseApi(path);
  const [, folder = "", written = "", slash] = pagePath.exec(path) ?? [];
  if (!isProjectName(written)) return { kind: "unknown" };
  const name = normaliseName(written);
  if (name !== written || slash === undefined) return { kind: "moved", path: `${folder}/${name}/` };
  return { kind: "page", project: name, toRoot: folder === "" ? "../" : "../../" };
}

function parseApi(path: string): IndexRequest {
  const [, folder = "", written = "", escaped] = apiPath.exec(path)!;
  if (!isProjectName(written) || !/^(?:[\w.!+-]|%2[1B])*$/i.test(escaped ?? "")) return { kind: "unknown" };
  const version = escaped === undefined ? null : decodeURIComponent(escaped);
  const project = normaliseName(written);
  if (project !== written) {
    return { kind: "moved", path: `${folder}/${project}${path.slice(folder.length + 1 + written.length)}` };
  }
  return { kind: "api", project, version };
}

/** pip escapes the colon before a port. Links of the vault have a host and a port only. */
function parseFile(path: string): IndexRequest {
  const [, project = "", scheme, escapedHost = "", rest] = filePath.exec(path)!;
  const host = escapedHost.replace(/%(?:3A|5B|5D)/gi, decodeURIComponent);
  const url = `${scheme}://${host}${rest}`;
  if (!isProjectName(project) || /[^\w.:[\]-]/.test(host) || !URL.canParse(url)) return { kind: "unknown" };
  return { kind: "file", project: normaliseName(project), url };
}

/** The path below the prefix of a file that the page of this project lists; without its query. */
export function formatFilePath(project: string, url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `/files/${project}/${protocol.slice(0, -1)}/${host}${pathname}`;
}

/**
 * The paths at which the file of a key (`fileKeyOf`) may be asked for: the project stands at the beginning of its name,
 * and where that ends is not known (PEP 625). None for a key of anything else.
 */
export function fileTargets(key: string): string[] {
  const [, place = "", name = ""] = /^\/files(\/https?\/.+\/([^/]+))$/.exec(key) ?? [];
  const words = name.split("-");
  const projects = words.slice(1).map((_, at) => normaliseName(words.slice(0, at + 1).join("-")));
  return projects.filter(isProjectName).map((project) => `/files/${project}${place}`);
}
