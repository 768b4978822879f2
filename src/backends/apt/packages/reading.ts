import type { Parser } from "../../../document.ts";
import { VaultError } from "../../../errors.ts";
import type { DigestTable } from "../../shared/listings/digest_table.ts";
import { TaskLane } from "../../shared/tasks/lane.ts";
import { type Compression, type PackageLane, tasks } from "../tasks.ts";
import { readPackageIndex } from "./read_index.ts";

/** What an index lists; null for one that cannot be read. */
export type PackageReading = Parser<DigestTable | null>;

/** How the index that a release lists under this name is read; null for what lists no packages, or is not looked into. */
export type PackageReadings = (listed: string) => PackageReading | null;

const maxIndexBytes = 512 * 1024 * 1024;
const packageIndex = /(?:^|\/)(?:Packages|Sources)(\.bz2|\.gz|\.xz|\.zst)?$/;

/** `warn` is notified of indexes that cannot be read. */
export function createPackageReadings(warn: (message: string) => void): PackageReadings {
  const lane = new TaskLane(tasks);
  const readings: Readonly<Record<string, PackageReading>> = {
    "": createReading("none", { lane, warn }),
    ".bz2": createReading("bz2", { lane, warn }),
    ".zst": createReading("zst", { lane, warn }),
    ".gz": createReading("gz", { lane, warn }),
    ".xz": createReading("xz", { lane, warn }),
  };
  return (listed) => {
    const found = packageIndex.exec(listed);
    return found && readings[found[1] ?? ""]!;
  };
}

interface ReadingDeps {
  readonly lane: PackageLane;
  readonly warn: (message: string) => void;
}

/** An index that cannot be read is remembered as such: to try takes as long each time. */
function createReading(compression: Compression, { lane, warn }: ReadingDeps): PackageReading {
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
