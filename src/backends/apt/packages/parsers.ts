import type { Parser } from "../../../document.ts";
import { VaultError } from "../../../errors.ts";
import type { DigestTable } from "../../shared/listings/digest_table.ts";
import { TaskLane } from "../../shared/tasks/lane.ts";
import { type Compression, type RepositoryLane, tasks } from "../tasks.ts";
import { readPackageIndex } from "./read_index.ts";

/** Parses an index of packages; null for one that cannot be parsed. */
export type PackageParser = Parser<DigestTable | null>;

/** The parser for an index that a release lists under this name; null for a file that lists no packages. */
export type PackageParsers = (listed: string) => PackageParser | null;

const maxIndexBytes = 512 * 1024 * 1024;
const packageIndex = /(?:^|\/)(?:Packages|Sources)(\.bz2|\.gz|\.xz|\.zst)?$/;

/** Calls `warn` for each index that cannot be parsed. */
export function createPackageParsers(warn: (message: string) => void): PackageParsers {
  const lane = new TaskLane(tasks);
  const parsers: Readonly<Record<string, PackageParser>> = {
    "": createParser("none", { lane, warn }),
    ".bz2": createParser("bz2", { lane, warn }),
    ".zst": createParser("zst", { lane, warn }),
    ".gz": createParser("gz", { lane, warn }),
    ".xz": createParser("xz", { lane, warn }),
  };
  return (listed) => {
    const found = packageIndex.exec(listed);
    return found && parsers[found[1] ?? ""]!;
  };
}

interface ParserTools {
  readonly lane: RepositoryLane;
  readonly warn: (message: string) => void;
}

/** A failure is kept as a result: another attempt would take as long. */
function createParser(compression: Compression, { lane, warn }: ParserTools): PackageParser {
  return {
    name: `apt packages ${compression}`,
    maxBytes: maxIndexBytes,
    async parse(body) {
      try {
        return await readPackageIndex({ body, compression }, lane);
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== "upstream_failed") throw error;
        warn(`Packages are not checked against "${body.url}": ${error.message}`);
        return null;
      }
    },
    sizeOf: (table) => table?.sizeBytes ?? 0,
  };
}
