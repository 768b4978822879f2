import { parseChecksum, relativePath } from "./apt_checksums.ts";

/** What an index lists: built packages, or what makes up source packages. */
export type PackagesKind = "packages" | "sources";

/** Told of each file with a sha256 digest: `path` is below the root of the repository, without `./`. */
export type OnPackage = (path: string, sha256: string) => void;

const newline = 10;
/** Longer lines are none that are looked for; they are dropped, so that memory stays bounded. */
const maxLineBytes = 64 * 1024;
const fieldNames = ["filename", "sha256", "directory", "checksums-sha256"].map((name) =>
  new TextEncoder().encode(name)
);
const digestBytes = 32;
