import { VaultError } from "../errors.ts";
import { writeAll } from "../archive/byte_sink.ts";
import { readTextOrNull } from "../store/regular_files.ts";
import type { ChainLink } from "./index_document.ts";

const maxBytes = 64 * 1024 * 1024;

/** A bundle that was imported whole. */
export interface Imported extends ChainLink {
  /** The time of the import, ISO 8601. */
  readonly imported: string;
  /** The fingerprint of the key that it was verified with; null where it was not. */
  readonly key: string | null;
  /** The ids of the bundles that it was incremental to. */
  readonly chain: readonly string[];
}

/** The bundles that a cache directory has had, in a file of one line for each: by it, and no clock, old ones are known. */
export class Ledger {
  readonly #path: string;
  readonly #imported: readonly Imported[];

  constructor(cacheDir: string) {
    this.#path = `${cacheDir}/bundles.jsonl`;
    this.#imported = (readTextOrNull(this.#path, maxBytes) ?? "").split("\n").flatMap(parseLine);
  }

  /** Throws `bundle_wrong` for a bundle that was imported already, or before which another one was imported. */
  checkNew({ id }: ChainLink): void {
    const same = this.#imported.findLast((one) => one.id === id);
    const again = "import it once more with --again, if that is meant";
    if (same !== undefined) {
      throw new VaultError("bundle_wrong", `it was imported on ${same.imported}, so there is nothing to do; ${again}`);
    }
    const later = this.#imported.findLast(({ chain }) => chain.includes(id));
    if (later === undefined) return;
    throw new VaultError(
      "bundle_wrong",
      `it is older than the bundle ${later.id} of ${later.created}, which was imported on ${later.imported}; ${again}`,
    );
  }

  async add(imported: Imported): Promise<void> {
    const { id, created, imported: at, key, chain } = imported;
    using file = Deno.openSync(this.#path, { append: true, create: true, mode: 0o600 });
    writeAll(file, new TextEncoder().encode(`${JSON.stringify({ id, created, imported: at, key, chain })}\n`));
    await file.syncData();
  }
}

function parseLine(line: string): Imported[] {
  try {
    const value = JSON.parse(line);
    return typeof value?.id === "string" && Array.isArray(value.chain) ? [value] : [];
  } catch {
    // A line that was not written to its end.
    return [];
  }
}
