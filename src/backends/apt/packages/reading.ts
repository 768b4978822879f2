import type { Parser } from "../../../document.ts";
import { VaultError } from "../../../errors.ts";
import type { PackageTable } from "./table.ts";
import { readPackages } from "./read_index.ts";
import type { Compression } from "./unpack.ts";

/** What an index lists; null for one that cannot be read. */
export type PackageReading = Parser<PackageTable | null>;

/** How the index that a release lists under this name is read; null for what lists no packages, or is not looked into. */
export type PackageReadings = (listed: string) => PackageReading | null;

const maxIndexBytes = 512 * 1024 * 1024;
const packageIndex = /(?:^|\/)(?:Packages|Sources)(\.bz2|\.gz|\.xz|\.zst)?$/;

/** `warn` is notified of indexes that cannot be read. */
export function createPackageReadings(warn: (message: string) => void): PackageReadings {
  const read = readInTurn();
  const readings: Readonly<Record<string, PackageReading>> = {
    "": createReading("none", { read, warn }),
    ".bz2": createReading("bz2", { read, warn }),
    ".zst": createReading("zst", { read, warn }),
    ".gz": createReading("gz", { read, warn }),
    ".xz": createReading("xz", { read, warn }),
  };
  return (listed) => {
    const found = packageIndex.exec(listed);
    return found && readings[found[1] ?? ""]!;
  };
}

/** One index of a backend at a time: each takes a thread, and the memory that unpacking wants. */
export function readInTurn(): typeof readPackages {
  let last: Promise<unknown> = Promise.resolve();
  return (...input) => {
    const reading = last.then(() => readPackages(...input));
    last = reading.catch(() => {});
    return reading;
  };
}

interface ReadingDeps {
  readonly read: typeof readPackages;
  readonly warn: (message: string) => void;
}

/** An index that cannot be read is remembered as such: to try takes as long each time. */
function createReading(compression: Compression, { read, warn }: ReadingDeps): PackageReading {
  return {
    name: `apt packages ${compression}`,
    maxBytes: maxIndexBytes,
    async parse(body) {
      try {
        return await read(body.stream(), compression, body.signal);
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== "upstream_failed") throw error;
        warn(`Packages are not checked against "${body.url}": ${error.message}`);
        return null;
      }
    },
    sizeOf: (table) => table?.sizeBytes ?? 0,
  };
}
