import type { Reading } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import type { PackageTable } from "./apt_package_table.ts";
import { readPackages } from "./apt_packages.ts";
import type { Compression } from "./apt_packages_worker.ts";

/** What an index lists; null for one that cannot be read. */
export type PackageReading = Reading<PackageTable | null>;

/** How the index that a release lists under this name is read; null for what lists no packages, or is not looked into. */
export type PackageReadings = (listed: string) => PackageReading | null;

const maxIndexBytes = 512 * 1024 * 1024;
const packageIndex = /(?:^|\/)(?:Packages|Sources)(\.gz|\.xz)?$/;

/** `warn` is told of indexes that cannot be read. */
export function createPackageReadings(warn: (message: string) => void): PackageReadings {
  const readings: Readonly<Record<string, PackageReading>> = {
    "": createReading("none", warn),
    ".gz": createReading("gz", warn),
    ".xz": createReading("xz", warn),
  };
  return (listed) => {
    const found = packageIndex.exec(listed);
    return found && readings[found[1] ?? ""]!;
  };
}

/** An index that cannot be read is remembered as such: to try takes as long each time. */
function createReading(compression: Compression, warn: (message: string) => void): PackageReading {
  return {
    name: `apt packages ${compression}`,
    maxBytes: maxIndexBytes,
    async make(body) {
      try {
        return await readPackages(body.stream(), compression);
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== "upstream_failed") throw error;
        warn(`Packages are not checked against "${body.url}": ${error.message}`);
        return null;
      }
    },
    weigh: (table) => table?.sizeBytes ?? 0,
  };
}
