import type { Digest } from "../../digest.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { relativePath } from "./checksums.ts";
import type { TaskDocument } from "../shared/tasks/document.ts";
import type { TaskLane } from "../shared/tasks/lane.ts";
import type { TaskModule } from "../shared/tasks/task.ts";
import { UnpackError } from "../shared/unpack.ts";
import { PackageSet, type ResolveOptions } from "./packages/dependencies.ts";
import { StanzaParser } from "./packages/stanzas.ts";
import { parsePdiffIndex } from "./pdiff.ts";
import { parseRelease, type ReleaseColumns } from "./release.ts";
import { PackageLineParser } from "./packages/line_parser.ts";
import { type DigestColumns, DigestTableBuilder } from "../shared/listings/digest_table.ts";

/** The compression of an index, by the ending of its name; `none` where it has no such ending. */
export type Compression = "bz2" | "gz" | "xz" | "zst" | "none";

/** The tasks on documents of repositories, which run on a thread where these are large. */
export const tasks = {
  url: import.meta.url,
  // Debian's largest index of packages has some 60 MB.
  maxBytes: 512 * 1024 * 1024,
  tasks: { readPackages, readRelease, readPatches, choosePackages },
} satisfies TaskModule;

export type RepositoryLane = TaskLane<(typeof tasks)["tasks"]>;

/**
 * Reads a Packages or Sources index to its end; the memory that takes grows with the table only. Throws
 * `upstream_failed` for an index that cannot be unpacked.
 */
async function readPackages(
  [index]: readonly TaskDocument[],
  { compression }: { compression: Compression },
): Promise<DigestColumns> {
  const table = new DigestTableBuilder();
  const lines = new PackageLineParser((path, sha256) => table.add(path, sha256));
  try {
    await index!.unpack((chunk) => lines.write(chunk));
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    const reason = messageOf(error.cause ?? error);
    throw new VaultError("upstream_failed", `Cannot read an index of packages (${compression}): ${reason}`);
  }
  lines.end();
  return table.build();
}

/** Parses a release. Throws as `parseRelease`. */
async function readRelease([release]: readonly TaskDocument[], _options: null): Promise<ReleaseColumns> {
  return parseRelease(await release!.bytes());
}

/** Parses an index of patches. Throws as `parsePdiffIndex`. */
async function readPatches([index]: readonly TaskDocument[], _options: null): Promise<ReadonlyMap<string, Digest>> {
  return parsePdiffIndex(await index!.bytes());
}

/** A file of a package, and the list that has it by its place among the documents. */
interface ChosenFile {
  readonly filename: string;
  readonly sizeBytes: number;
  readonly list: number;
}

/**
 * Chooses packages, with what they depend on, from lists; `missing` has a sentence for each that is not there. Throws
 * `upstream_failed` for a list that cannot be unpacked.
 */
async function choosePackages(
  lists: readonly TaskDocument[],
  options: ResolveOptions,
): Promise<{ readonly files: readonly ChosenFile[]; readonly missing: readonly string[] }> {
  const packages = new PackageSet();
  const listOf = new Map<unknown, number>();
  for (const [at, list] of lists.entries()) {
    const parser = new StanzaParser((stanza) => {
      listOf.set(stanza, at);
      packages.add(stanza);
    });
    await list.unpack((chunk) => parser.write(chunk));
    parser.end();
  }
  const { stanzas, missing } = packages.resolve(options);
  const files = stanzas.map((stanza) => {
    return { filename: relativePath(stanza.filename), sizeBytes: stanza.sizeBytes, list: listOf.get(stanza)! };
  });
  return { files, missing };
}
