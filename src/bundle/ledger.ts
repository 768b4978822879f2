import { writeAll } from "../archive/byte_sink.ts";
import { VaultError } from "../errors.ts";
import { shownDate } from "../observe/shown_time.ts";
import { fileMode } from "../store/files.ts";
import { openRegularFile, readRegularFile, statOrNull } from "../store/regular_files.ts";
import type { ChainLink } from "./index_document.ts";
import type { BundleHead } from "./read_bundle.ts";

const maxBytes = 64 * 1024 * 1024;
const lineEnd = 0x0a;

/** A bundle that was imported whole, or a list of what is cached that was made here. */
type Line =
  | {
    readonly kind: "bundle";
    readonly id: string;
    /** The SHA-256 of `index.json`: an id alone could be that of another bundle. */
    readonly index: string;
    readonly created: string;
    /** The time of the import, ISO 8601. */
    readonly imported: string;
    /** The fingerprint of the key that it was verified with; null where it was not. */
    readonly key: string | null;
    /** The backends, as the bundle names them, that were left out since they were not served. */
    readonly left: readonly string[];
  }
  | { readonly kind: "list"; readonly id: string; readonly created: string };

interface CheckOptions {
  /** True where keys are trusted: what was not verified with one proves nothing then. */
  readonly isTrusting: boolean;
  readonly isServed: (backend: string) => boolean;
}

/** What a cache directory has had, in a file of one line for each: by it, and no clock, a bundle is known as imported. */
export class Ledger {
  readonly #path: string;
  readonly #lines: readonly Line[];

  /** Throws `storage_failed` for a file that is no ledger. */
  constructor(cacheDir: string) {
    this.#path = `${cacheDir}/bundles.jsonl`;
    this.#lines = this.#read();
  }

  /** Throws `bundle_wrong` for a bundle that was imported already, unless that left out something that is served now. */
  checkNew({ index: { id }, indexSha256 }: BundleHead, { isTrusting, isServed }: CheckOptions): void {
    const same = this.#lines.filter((line) => line.kind === "bundle").filter((line) =>
      line.id === id && line.index === indexSha256 && !(isTrusting && line.key === null)
    );
    const last = same.at(-1);
    if (last === undefined) return;
    const left = last.left.filter((backend) => same.every((line) => line.left.includes(backend)));
    if (left.some(isServed)) return;
    throw new VaultError(
      "bundle_wrong",
      `it was imported on ${
        shownDate(last.imported)
      }, so there is nothing to do; import it once more with --again, if that is meant`,
    );
  }

  /** What a bundle follows and this side knows, by its id: bundles that were imported here, and lists made here. */
  known(chain: readonly ChainLink[]): ReadonlyMap<string, Line["kind"]> {
    const ids = new Set(chain.map(({ id }) => id));
    return new Map(this.#lines.filter(({ id }) => ids.has(id)).map(({ id, kind }) => [id, kind]));
  }

  addBundle({ index, indexSha256, signed }: BundleHead, left: readonly string[]): Promise<void> {
    const key = signed.kind === "verified" ? signed.key : null;
    const { id, created } = index;
    return this.#add({
      kind: "bundle",
      id,
      index: indexSha256,
      created,
      imported: new Date().toISOString(),
      key,
      left,
    });
  }

  addList({ id, created }: ChainLink): Promise<void> {
    return this.#add({ kind: "list", id, created });
  }

  /** A line that a killed import has not written to its end is replaced. */
  async #add(line: Line): Promise<void> {
    const options = { read: true, write: true };
    using file = statOrNull(this.#path) === null
      ? Deno.openSync(this.#path, { ...options, create: true, mode: fileMode })
      : openRegularFile(this.#path, options).file;
    await file.lock(true);
    const end = wholeLines(readRegularFile(this.#path, file.statSync().size) ?? new Uint8Array());
    file.truncateSync(end);
    file.seekSync(end, Deno.SeekMode.Start);
    writeAll(file, new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    await file.syncData();
  }

  #read(): Line[] {
    const info = statOrNull(this.#path);
    if (info === null) return [];
    if (!info.isFile || info.size > maxBytes) throw this.#unreadable("it is no file, or too large");
    const bytes = this.#bytes(info.size);
    const lines = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes))).split("\n");
    lines.pop();
    return lines.map((text, at) => {
      const line = parseLine(text);
      if (line === null) throw this.#unreadable(`line ${at + 1} is malformed`);
      return line;
    });
  }

  #bytes(sizeBytes: number): Uint8Array {
    try {
      return readRegularFile(this.#path, sizeBytes) ?? this.#bytes(openSize(this.#path));
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw this.#unreadable("this user may not read it", error);
    }
  }

  #unreadable(why: string, cause?: unknown): VaultError {
    return new VaultError(
      "storage_failed",
      `the ledger "${this.#path}", which knows the bundles that were imported, cannot be read: ${why}; correct it, or ` +
        "remove it, and every bundle counts as new",
      { cause },
    );
  }
}

/** The size of a file that is being written. */
function openSize(path: string): number {
  const { file, sizeBytes } = openRegularFile(path);
  file.close();
  return sizeBytes;
}

/** The bytes of all lines that were written to their ends. */
function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(lineEnd) + 1;
}

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text);
    const isLine = typeof line?.id === "string" && (line.kind === "list" ||
      line.kind === "bundle" && typeof line.index === "string" && Array.isArray(line.left));
    return isLine ? line : null;
  } catch {
    return null;
  }
}
