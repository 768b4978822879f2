import type { ReadableBody } from "../../../document.ts";
import type { Compression, RepositoryLane } from "../tasks.ts";
import { DigestTable } from "../../shared/listings/digest_table.ts";

/** The names that `unpack` has for the endings of file names. */
const codings: Readonly<Record<Compression, string>> = {
  none: "identity",
  gz: "gzip",
  xz: "xz",
  bz2: "bzip2",
  zst: "zstd",
};

export interface IndexToRead {
  readonly body: ReadableBody;
  readonly compression: Compression;
}

/**
 * Reads a Packages or Sources index. Throws as `RepositoryLane.run`, and `upstream_failed` where it cannot be unpacked.
 */
export async function readPackageIndex(
  { body, compression }: IndexToRead,
  lane: RepositoryLane,
): Promise<DigestTable> {
  const run = { bodies: [body], coding: codings[compression], options: { compression } };
  return new DigestTable(await lane.run({ name: "readPackages", ...run }));
}
