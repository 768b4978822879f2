import { type Digest, parseDigest } from "../../digest.ts";
import { decodedPath } from "../../http/path.ts";
import { checksumKinds } from "./checksums.ts";

/** The files of a suite's release: one with its signature within, or one with its signature beside it. */
export type ReleaseName = "InRelease" | "Release" | "Release.gpg";

/**
 * The meaning of a path below a mirror, by its form alone. Every path here is percent-decoded, and so the same however
 * a client writes it: apt has `%2b` for `+`, others do not. A folder ends in no slash; the root is the empty text.
 */
export type RepositoryRequest =
  /** `suite` is the folder. An index of that name, such as `main/binary-amd64/Release`, looks just the same. */
  | { readonly kind: "release"; readonly path: string; readonly suite: string; readonly name: ReleaseName }
  /** `folder` is where the index itself lies, and the folder `by-hash` beside it. */
  | { readonly kind: "by_hash"; readonly path: string; readonly folder: string; readonly digest: Digest }
  /** A patch from an older state of an index to a newer one; the pdiff index at `index` lists it as `name`. */
  | { readonly kind: "patch"; readonly path: string; readonly index: string; readonly name: string }
  /** A file that lists of packages have. With its version in its name, it is not meant to change. */
  | { readonly kind: "package"; readonly path: string; readonly versioned: boolean }
  /** An index, or any other file. */
  | { readonly kind: "other"; readonly path: string };

const releaseNames: readonly string[] = ["InRelease", "Release", "Release.gpg"] satisfies ReleaseName[];

const builtPackage = /\.(?:deb|udeb|ddeb)$/;
/** By `name_version_architecture` (deb-control(5)): `chrome_current_amd64.deb` and `tool_amd64.deb` do change. */
const versionedBuild = /^[^_]+_[^_\d]*\d[^_]*_[^_]+\.(?:deb|udeb|ddeb|changes|buildinfo)$/;
/**
 * The files of source packages (dsc(5)), by `name_version`: `dep11/icons-64x64.tar.gz` and `netboot.tar.gz` end alike,
 * and do change.
 */
const versionedSource = /^[^_]+_[^_\d]*\d.*\.(?:dsc|diff\.gz|tar\.(?:gz|xz|bz2|lzma|zst)(?:\.(?:asc|sig))?)$/;

/** Parses a path, percent-encoded or not. Throws nothing: a malformed path is `other`. */
export function parseRequest(encodedPath: string): RepositoryRequest {
  const path = decodedPath(encodedPath);
  const { folder, name } = splitPath(path);
  if (releaseNames.includes(name)) return { kind: "release", path, suite: folder, name: name as ReleaseName };
  const byHash = parseByHash(folder, name);
  if (byHash !== null) return { kind: "by_hash", path, ...byHash };
  if (folder.endsWith(".diff") && /\.(?:gz|xz)$/.test(name)) {
    return { kind: "patch", path, index: `${folder}/Index`, name };
  }
  const versioned = versionedBuild.test(name) || versionedSource.test(name);
  return versioned || builtPackage.test(name) ? { kind: "package", path, versioned } : { kind: "other", path };
}

/** The path at which an index of `folder` is requested by its digest. */
export function byHashPath(folder: string, digest: Digest): string {
  const { name } = checksumKinds.find(({ algorithm }) => algorithm === digest.algorithm)!;
  return `${folder}/by-hash/${name}/${digest.hex}`;
}

/** Encodes a path for a URL as apt does: with `+` encoded for the sake of object stores. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#+]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Splits a path into its folder and its last segment. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

/** No suite or index of a repository has more folders above it. */
const maxDepth = 32;

/** The folders above a path, from the deepest to the root; none for a path that is deeper than repositories are. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let folder = path; folder !== "";) {
    folder = splitPath(folder).folder;
    if (ancestors.push(folder) > maxDepth) return [];
  }
  return ancestors;
}

/** A path relative to one of its ancestors. */
export function pathBelow(ancestor: string, path: string): string {
  return path.slice(ancestor.length + 1);
}

function parseByHash(folder: string, hex: string): { folder: string; digest: Digest } | null {
  const kind = checksumKinds.find(({ name }) => folder.endsWith(`/by-hash/${name}`));
  if (kind === undefined) return null;
  try {
    const digest = parseDigest(`${kind.algorithm}:${hex}`);
    return { folder: folder.slice(0, -`/by-hash/${kind.name}`.length), digest };
  } catch {
    return null;
  }
}
