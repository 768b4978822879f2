import type { SourceFile } from "../../../shelf.ts";
import type { ReleaseFile } from "../release_files.ts";

/** A Debian repository, as far as a foreign source has it. Paths are below its root, without a leading slash. */
export interface RepositorySource {
  /** What the user calls it to say which backend is meant: `deb.debian.org/debian`, or a folder. */
  readonly name: string;
  /** Its URL without the scheme; null where the source does not say. */
  readonly location: string | null;
  /** Its path below the URL of the only backend that it is for; absent where its location or its name tells which. */
  readonly below?: string;
  /** The paths of the releases, an InRelease rather than a Release: `dists/stable/InRelease`. */
  releases(): Promise<readonly string[]>;
  /** The folders of suites that have files, and neither an InRelease nor a Release. */
  unreleased(): Promise<readonly string[]>;
  /** Finds a release or its signature; null where it is not there. */
  find(path: string): Promise<SourceFile | null>;
  /**
   * Finds a file that the release in `suite` lists, with the size that it says where there are several; null where it is
   * not there.
   */
  findListed(suite: string, listed: ReleaseFile): Promise<SourceFile | null>;
  /** Finds a package by its path or its SHA-256 in hex; null where it is not there. */
  findPackage(path: string, sha256: string): Promise<SourceFile | null>;
}

/** The repositories of a foreign source. */
export interface RepositoriesSource {
  /** What the source is, to stand after "is". */
  readonly description: string;
  readonly repositories: readonly RepositorySource[];
  /** What no list of the source has, once all of its lists have been read. */
  unlisted(): readonly Unlisted[];
}

/** Something that is left out, and why: a sentence without a full stop. */
export interface Unlisted {
  readonly name: string;
  readonly reason: string;
}

/** A package that is in no list. */
export function notListed(name: string): Unlisted {
  return { name, reason: "no list that was imported has a package with its digest" };
}
