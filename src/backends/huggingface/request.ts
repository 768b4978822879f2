import { decodedPath } from "../../http/path.ts";
import { reposOfApi, reposOfPage } from "./named_repos.ts";
import { isTypeWord, type Repo, repoNamed, repoOfPath } from "./repo.ts";

/** A file of a repository, at a branch or at a commit. */
export interface FilePlace {
  readonly repo: Repo;
  readonly revision: string;
  /** Percent-decoded, without a leading slash. */
  readonly path: string;
}

/** The meaning of a path below the prefix. */
export type HubRequest =
  | { readonly kind: "file" } & FilePlace
  /** A part of the API about a revision of a repository; `rest` is what follows the revision, percent-decoded. */
  | {
    readonly kind: "revision";
    readonly what: "revision" | "tree" | "paths-info" | "xet-read-token";
    readonly repo: Repo;
    readonly revision: string;
    readonly rest: string;
  }
  /** Any other part of the API; `repos` are those that it may be about. */
  | { readonly kind: "api"; readonly repos: readonly Repo[] }
  /** What Ollama and older versions of llama.cpp ask for, in the form of a registry; null for a manifest. */
  | { readonly kind: "registry"; readonly repo: Repo; readonly sha256: string | null }
  /** The parts of a file, for clients that speak Xet. */
  | { readonly kind: "reconstruction"; readonly version: "v1" | "v2"; readonly hash: string }
  /** Bytes of such a part; its query says which. */
  | { readonly kind: "xorb" }
  | { readonly kind: "telemetry" }
  | { readonly kind: "git" }
  /** Another part of the protocol of Xet's store: uploads. */
  | { readonly kind: "unknown" }
  /** A web page, or whatever else; `repos` as above. */
  | { readonly kind: "page"; readonly repos: readonly Repo[] };

const revisionWords = ["revision", "tree", "paths-info", "xet-read-token"] as const;

/** Parses a path. Types of repositories are recognised by the place of the words around them, not by a list. */
export function parseRequest(path: string): HubRequest {
  const [, version, hash] = /^\/(v[12])\/reconstructions\/([0-9a-f]{64})$/.exec(path) ?? [];
  if (hash !== undefined) return { kind: "reconstruction", version: version as "v1" | "v2", hash };
  if (/^\/v1\/xorbs\/[0-9a-f]{64}$/.test(path)) return { kind: "xorb" };
  if (path === "/v1/telemetry") return { kind: "telemetry" };
  if (/^\/v[12]\/(?:chunks|reconstructions|shards|xorbs)(?:\/|$)/.test(path)) return { kind: "unknown" };
  const [, owner, model, sha256] =
    /^\/v2\/([^/]+)\/([^/]+)\/(?:manifests\/[^/]+|blobs\/sha256(?::|%3A)([0-9a-f]{64}))$/.exec(path) ?? [];
  if (owner !== undefined) {
    const repo = repoNamed("models", decodedPath(`${owner}/${model}`));
    return repo === null ? { kind: "unknown" } : { kind: "registry", repo, sha256: sha256 ?? null };
  }
  if (/\/info\/(?:refs|lfs)(?:\/|$)|\/git-(?:upload|receive)-pack$|^\/api\/.*\.git\//.test(path)) {
    return { kind: "git" };
  }
  const segments = path.slice(1).split("/").map(decodedPath);
  return segments[0] === "api" ? parseApi(segments.slice(1)) : parseFile(segments);
}

/** `/owner/name/resolve/main/file`, with a type before the owner where it is no model. */
function parseFile(segments: readonly string[]): HubRequest {
  // A repository, or a branch, may be called like the word.
  const places = isTypeWord(segments[0]) ? [3, 2, 1] : [2, 3, 1];
  const at = places.find((at) => segments[at] === "resolve") ?? -1;
  const repo = at < 0 ? null : repoOfPath(segments.slice(0, at));
  const [revision = "", ...rest] = segments.slice(at + 1);
  const isFile = revision !== "" && rest.length > 0 && rest.at(-1) !== "";
  if (repo === null || !isFile) return { kind: "page", repos: reposOfPage(segments) };
  return { kind: "file", repo, ...ofPullRequest(revision, rest) };
}

/** Clients escape the slashes in `refs/pr/1`; people do not always. */
function ofPullRequest(revision: string, rest: readonly string[]): Omit<FilePlace, "repo"> {
  const isRef = revision === "refs" && (rest[0] === "pr" || rest[0] === "convert") && rest.length > 2;
  return isRef
    ? { revision: ["refs", ...rest.slice(0, 2)].join("/"), path: rest.slice(2).join("/") }
    : { revision, path: rest.join("/") };
}

/** `models/owner/name/tree/main/folder`. */
function parseApi(all: readonly string[]): HubRequest {
  const [type = "", ...segments] = all;
  const at = [2, 1].find((at) => isRevisionWord(segments[at]) && segments[at + 1]);
  const repo = at === undefined ? null : repoNamed(type, segments.slice(0, at).join("/"));
  if (at === undefined || repo === null) return { kind: "api", repos: reposOfApi(all) };
  const [revision = "", ...rest] = segments.slice(at + 1);
  const what = segments[at] as typeof revisionWords[number];
  return { kind: "revision", what, repo, revision, rest: rest.join("/").replace(/\/+$/, "") };
}

/** Every repository that a request may be about. */
export function reposOf(meant: HubRequest): readonly Repo[] {
  if ("repos" in meant) return meant.repos;
  return "repo" in meant ? [meant.repo] : [];
}

function isRevisionWord(word: string | undefined): boolean {
  return (revisionWords as readonly (string | undefined)[]).includes(word);
}

/** True for the whole name of a commit. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
