import { VaultError } from "../../errors.ts";
import { JsonReader, type Span } from "./json_reader.ts";

/** A member of an object, from its key to the end of its value. */
export interface Member extends Span {
  readonly key: string;
}

/** A URL in the document, and where the string stands. */
export interface Link extends Span {
  readonly url: string;
}

/** A version of a package, as far as it was looked at. */
export interface PackumentVersion {
  readonly version: string;
  readonly key: Span;
  readonly value: Span;
  readonly tarball: Link | null;
  readonly attestations: Link | null;
  readonly integrity: string | null;
  readonly shasum: string | null;
  /** The members of the abbreviated form; none where that is not wanted. */
  readonly members: readonly Member[];
  /** True where it has scripts that run when it is installed. */
  readonly installs: boolean;
}

/** The document about a package, with the places of what is rewritten or left out. */
export interface Packument {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly members: readonly Member[];
  readonly versions: readonly PackumentVersion[];
  readonly tags: readonly { readonly tag: string; readonly version: string }[];
  /** By version, and `created` and `modified`; none where the registry does not say. */
  readonly times: readonly (Member & { readonly time: string | null })[];
}

/** The members of a version that the abbreviated form has (npm/registry, docs/responses/package-metadata.md). */
const abbreviated: ReadonlySet<string> = new Set([
  "name",
  "version",
  "deprecated",
  "dependencies",
  "optionalDependencies",
  "devDependencies",
  "bundleDependencies",
  "bundledDependencies",
  "peerDependencies",
  "peerDependenciesMeta",
  "acceptDependencies",
  "bin",
  "directories",
  "dist",
  "engines",
  "cpu",
  "os",
  "libc",
  "funding",
  "hasInstallScript",
  "_hasShrinkwrap",
]);

const installScripts: ReadonlySet<string> = new Set(["preinstall", "install", "postinstall"]);

export interface ScanOptions {
  /** The package that was asked for. */
  readonly name: string;
  /** True to look for the members of the abbreviated form. */
  readonly wantsMembers: boolean;
}

/**
 * Looks through the document about a package, in one pass. Throws `upstream_failed` for anything else, such as the
 * document about another package.
 */
export function scanPackument(bytes: Uint8Array, { name, wantsMembers }: ScanOptions): Packument {
  const reader = new JsonReader(bytes);
  const members: Member[] = [];
  const seen = new Set<string>();
  let ownName: string | null = null;
  let versions: readonly PackumentVersion[] = [];
  let tags: Packument["tags"] = [];
  let times: Packument["times"] = [];
  if (!reader.isAtObject) throw foreign(name);
  reader.object((key, start) => {
    if (seen.has(key)) throw foreign(name);
    seen.add(key);
    if (key === "name") ownName = reader.stringOrNull();
    else if (key === "versions" && reader.isAtObject) versions = scanVersions(reader, wantsMembers);
    else if (key === "dist-tags" && reader.isAtObject) tags = scanTags(reader);
    else if (key === "time" && reader.isAtObject) times = scanTimes(reader);
    else reader.skip();
    members.push({ key, start, end: reader.at });
  });
  reader.end();
  if (ownName !== name) throw foreign(name);
  return { bytes, name, members, versions, tags, times };
}

function scanVersions(reader: JsonReader, wantsMembers: boolean): PackumentVersion[] {
  const versions: PackumentVersion[] = [];
  reader.object((version, start) => {
    const key = { start, end: start + keyLength(reader, start) };
    if (!reader.isAtObject) return void reader.skip();
    versions.push(scanVersion(reader, { version, key, wantsMembers }));
  });
  return versions;
}

function scanVersion(
  reader: JsonReader,
  { version, key, wantsMembers }: { version: string; key: Span; wantsMembers: boolean },
): PackumentVersion {
  const { at: start } = reader;
  const members: Member[] = [];
  let dist: Dist = noDist;
  let installs = false;
  reader.object((name, start) => {
    if (name === "dist" && reader.isAtObject) dist = scanDist(reader);
    else if (name === "scripts" && wantsMembers && reader.isAtObject) installs = hasInstallScript(reader);
    else reader.skip();
    if (wantsMembers && abbreviated.has(name)) members.push({ key: name, start, end: reader.at });
  });
  return { version, key, value: { start, end: reader.at }, ...dist, members, installs };
}

type Dist = Pick<PackumentVersion, "tarball" | "attestations" | "integrity" | "shasum">;

const noDist: Dist = { tarball: null, attestations: null, integrity: null, shasum: null };

function scanDist(reader: JsonReader): Dist {
  let { tarball, attestations, integrity, shasum } = noDist;
  reader.object((key) => {
    if (key === "tarball") tarball = scanLink(reader);
    else if (key === "attestations" && reader.isAtObject) {
      reader.object((key) => {
        if (key === "url") attestations = scanLink(reader);
        else reader.skip();
      });
    } else if (key === "integrity") integrity = reader.stringOrNull();
    else if (key === "shasum") shasum = reader.stringOrNull();
    else reader.skip();
  });
  return { tarball, attestations, integrity, shasum };
}

function scanLink(reader: JsonReader): Link | null {
  const { at: start } = reader;
  const url = reader.stringOrNull();
  return url === null ? null : { url, start, end: reader.at };
}

function hasInstallScript(reader: JsonReader): boolean {
  let found = false;
  reader.object((key) => {
    found ||= installScripts.has(key);
    reader.skip();
  });
  return found;
}

function scanTags(reader: JsonReader): Packument["tags"] {
  const tags: { tag: string; version: string }[] = [];
  reader.object((tag) => {
    const version = reader.stringOrNull();
    if (version !== null) tags.push({ tag, version });
  });
  return tags;
}

function scanTimes(reader: JsonReader): Packument["times"] {
  const times: (Member & { time: string | null })[] = [];
  reader.object((key, start) => {
    const time = reader.stringOrNull();
    times.push({ key, start, end: reader.at, time });
  });
  return times;
}

/** The length of the key at this offset, quotes included. */
function keyLength({ bytes }: JsonReader, start: number): number {
  const { end } = new JsonReader(bytes, start).skip();
  return end - start;
}

function foreign(name: string): VaultError {
  return new VaultError("upstream_failed", `Upstream has sent something else than the document about "${name}"`);
}
