import { ByteReader } from "../archive/byte_reader.ts";
import { openFileSource } from "../archive/file_source.ts";
import { compressionOf, decompressed } from "../archive/compression.ts";
import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { Breather } from "./breather.ts";
import { FactSet } from "./fact_set.ts";
import { type ChainLink, isLink } from "./index_document.ts";
import { KnownBodies } from "./known_bodies.ts";

/** The suffix of the file that an export leaves beside a bundle: what the other side has once it has imported that. */
export const summarySuffix = ".summary.jsonl.gz";
const maxLineBytes = 1024 * 1024;

/** The file of a summary, which can be read twice. */
export interface SummaryFile {
  readonly path: string;
  /** What it is called in messages. */
  readonly name: string;
}

/** What a vault has: bodies by the bundle that they came with, and facts by their SHA-256. */
export class Summary {
  /** The bundles that it sums up, the oldest first. */
  readonly chain: readonly ChainLink[];
  /** An export also notes here which bodies it has met. */
  readonly bodies = new KnownBodies();
  readonly #facts = new FactSet();
  readonly #file: SummaryFile;
  readonly #head: string;

  private constructor(file: SummaryFile, head: string) {
    this.chain = chainOf(head, file);
    this.#file = file;
    this.#head = head;
  }

  /** Reads one. Throws `bundle_wrong` for anything else, and what the operating system says. */
  static async read(file: SummaryFile, signal?: AbortSignal): Promise<Summary> {
    const breather = new Breather(signal);
    let summary: Summary | null = null;
    for await (const line of linesOf(file)) {
      await breather.breathe();
      if (summary === null) summary = new Summary(file, line);
      else if (!summary.#add(jsonOrNull(line))) throw damaged(file);
    }
    if (summary === null) throw damaged(file);
    return summary;
  }

  /** The id of the bundle that has a body; null for none. */
  bodyIn(sha256: string): string | null {
    return this.chain[this.bodies.linkOf(sha256)]?.id ?? null;
  }

  hasFact(sha256: string): boolean {
    return this.#facts.has(sha256);
  }

  /**
   * Reads the lines of all bodies and facts again, since they are not kept in memory. Throws as `read`, and
   * `bundle_wrong` where another summary has taken its place.
   */
  async *lines(): AsyncGenerator<string> {
    let isFirst = true;
    for await (const line of linesOf(this.#file)) {
      if (!isFirst) yield line;
      else if (line !== this.#head) {
        throw new VaultError("bundle_wrong", `"${this.#file.name}" was replaced during the export; export again`);
      }
      isFirst = false;
    }
  }

  /** A body is `["b", sha256, link, backend]`, the last of them absent where it is not known, and a fact `["f", sha256]`. */
  #add(value: unknown): boolean {
    if (!Array.isArray(value) || !/^[0-9a-f]{64}$/.test(String(value[1]))) return false;
    const [kind, sha256, link, backend = null] = value;
    if (kind === "f") this.#facts.add(sha256);
    else if (kind === "b" && this.chain[link] !== undefined && (backend === null || typeof backend === "string")) {
      this.bodies.add({ sha256, backend, link });
    } else return false;
    return true;
  }
}

/** Yields the lines of a summary, as they are. */
async function* linesOf(file: SummaryFile): AsyncGenerator<string> {
  let reader = new ByteReader(openFileSource(file.path));
  try {
    const compression = compressionOf(await reader.peek(4));
    if (compression !== null) reader = new ByteReader(decompressed(reader, compression));
    const decoder = new TextDecoder();
    let rest = "";
    for (let bytes; (bytes = await reader.some(64 * 1024)) !== null;) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      if (rest.length > maxLineBytes) throw damaged(file);
      yield* lines;
    }
    if (rest !== "") throw damaged(file);
  } catch (error) {
    if (error instanceof VaultError && !error.message.includes(file.name)) throw damaged(file, error);
    throw error;
  } finally {
    reader.close();
  }
}

function chainOf(head: string, { name }: SummaryFile): readonly ChainLink[] {
  // deno-lint-ignore no-explicit-any
  const value: any = jsonOrNull(head);
  if (value?.summary === 1 && Array.isArray(value.chain) && value.chain.length > 0 && value.chain.every(isLink)) {
    return value.chain.map(({ id, created }: ChainLink) => ({ id, created }));
  }
  throw new VaultError(
    "bundle_wrong",
    `"${name}" is no summary of a bundle, nor a list of artifact-vault bundle have; an export leaves one beside the ` +
      `bundle, as OUT${summarySuffix}`,
  );
}

function damaged({ name }: SummaryFile, cause?: unknown): VaultError {
  return new VaultError("bundle_wrong", `"${name}" is damaged or was cut; copy it again`, { cause });
}
