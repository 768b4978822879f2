import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type FileColumns, type FileRow, packFiles } from "../shared/listings/file_table.ts";
import { digestOf } from "./integrity.ts";
import { fileNameOf, isFileName, tarballName } from "./names.ts";
import { type Packument, type PackumentVersion, scanPackument } from "./packument.ts";
import { type PackumentShown, writeDistTags, writePackument, writeVersion } from "./write_packument.ts";

/** A version that was published lately. */
export interface RecentVersion {
  readonly version: string;
  /** Infinity where the registry says that of other versions only. */
  readonly publishedAt: number;
  /** The names of its tarball. */
  readonly files: readonly string[];
}

/** What the vault itself has to know of a package. */
export interface PackumentFacts {
  /** The tarballs by their names. */
  readonly files: FileColumns;
  /** The versions that were published after `since`, as far as is known. */
  readonly recent: readonly RecentVersion[];
  /** True where the registry says when versions were published; also where there are none. */
  readonly hasTimes: boolean;
}

export interface ReadOptions {
  readonly name: string;
  /** In ms since the epoch; null where ages do not count. */
  readonly since: number | null;
}

/** What of the document clients want. */
export type Part =
  | { readonly kind: "full" }
  | { readonly kind: "abbreviated" }
  /** One version, by its number or a tag. */
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "dist_tags" };

export interface WriteOptions extends ReadOptions {
  readonly part: Part;
  readonly shown: PackumentShown;
  /** True for clients that take gzip. */
  readonly packs: boolean;
}

export interface PackumentWritten {
  readonly facts: PackumentFacts;
  /** Null where there is no such version, or it is not shown. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

const pack = promisify(gzip);

/** Parses the document about a package for the vault itself. Throws `upstream_failed` for anything else. */
export function readPackument(bytes: Uint8Array, { name, since }: ReadOptions): PackumentFacts {
  return factsOf(scanPackument(bytes, { name, wantsMembers: false }), since);
}

/** Makes what a client gets, and the same facts along with it. Throws as `readPackument`. */
export async function makePart(
  bytes: Uint8Array,
  { name, since, part, shown, packs }: WriteOptions,
): Promise<PackumentWritten> {
  const packument = scanPackument(bytes, { name, wantsMembers: part.kind === "abbreviated" });
  const written = writePart(packument, part, shown);
  const packed = packs && written !== null ? new Uint8Array(await pack(written)) : written;
  return { facts: factsOf(packument, since), bytes: packed };
}

function writePart(packument: Packument, part: Part, shown: PackumentShown): Uint8Array<ArrayBuffer> | null {
  switch (part.kind) {
    case "full":
    case "abbreviated":
      return writePackument(packument, part.kind, shown);
    case "version":
      return writeVersion(packument, part.version, shown);
    case "dist_tags":
      return writeDistTags(packument, shown);
  }
}

function factsOf(packument: Packument, since: number | null): PackumentFacts {
  const { name, versions, times } = packument;
  const published = new Map(times.map(({ key, time }) => [key, Date.parse(time ?? "")]));
  const isKnown = ({ version }: PackumentVersion) => Number.isFinite(published.get(version));
  const hasTimes = versions.length === 0 || versions.some(isKnown);
  return {
    files: packFiles(versions.flatMap((version) => rowsOf(name, version))),
    recent: since === null || !hasTimes ? [] : versions.flatMap((version) => {
      const publishedAt = isKnown(version) ? published.get(version.version)! : Infinity;
      return publishedAt > since ? [{ version: version.version, publishedAt, files: filesOf(name, version) }] : [];
    }),
    hasTimes,
  };
}

function rowsOf(name: string, version: PackumentVersion): FileRow[] {
  const url = URL.parse(version.tarball?.url ?? "");
  if (url === null || !/^https?:$/.test(url.protocol)) return [];
  const digest = digestOf(version.integrity, version.shasum);
  return filesOf(name, version).map((key) => ({ key, url: url.href, digest }));
}

/** The names of a tarball: its own, and the one that clients make of name and version. */
function filesOf(name: string, { version, tarball }: PackumentVersion): string[] {
  const names = new Set([tarballName(name, version), fileNameOf(tarball?.url ?? "", { name, version })]);
  return [...names].filter(isFileName);
}
