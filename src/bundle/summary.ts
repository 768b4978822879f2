import { ByteReader } from "../archive/byte_reader.ts";
import { openFileSource } from "../archive/file_source.ts";
import { compressionOf, decompressed } from "../archive/compression.ts";
import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { DigestSet } from "../store/digest_set.ts";
import { NumberColumn } from "../store/number_column.ts";
import { type ChainLink, isLink } from "./index_document.ts";
import { OwnedBodies } from "./owned_bodies.ts";

/** The suffix of the file that an export leaves beside a bundle: what the other side has once it has imported that. */
export const summarySuffix = ".summary.jsonl.gz";
const maxLineBytes = 1024 * 1024;

/** A body that a vault has for a backend; null where it is not known for which one. */
export interface SummedBody {
  readonly sha256: string;
  readonly backend: string | null;
  /** The place in the chain of the bundle that it came with. */
  readonly link: number;
}

/** What a vault has: bodies by the bundle that they came with, and facts by their SHA-256. */
export class Summary {
  /** The bundles that it sums up, the oldest first. */
  readonly chain: readonly ChainLink[];
  readonly #bodies = new OwnedBodies({ isBrief: false });
  readonly #links = new NumberColumn();
  readonly #facts = new DigestSet();

  constructor(chain: readonly ChainLink[]) {
    this.chain = chain;
  }

  /** The id of the bundle that has a body; null for none. */
  bodyIn(sha256: string): string | null {
    return this.chain[this.linkOf(sha256)]?.id ?? null;
  }

  /** The place in the chain of the bundle that has a body; -1 for none. */
  linkOf(sha256: string): number {
    const index = this.#bodies.indexOf(sha256);
    return index < 0 ? -1 : this.#links.get(index);
  }

  /** True where it is known that this backend has the body. */
  hasBody(sha256: string, backend: string): boolean {
    return this.#bodies.has(sha256, backend);
  }

  hasFact(sha256: string): boolean {
    return this.#facts.has(sha256);
  }

  /** Yields all bodies, each once for each of its backends. */
  *bodies(): Generator<SummedBody> {
    for (const { sha256, index, backend } of this.#bodies.all()) {
      yield { sha256, backend, link: this.#links.get(index) };
    }
  }

  facts(): Iterable<string> {
    return this.#facts;
  }

  /** Of a body that came with several bundles, the first counts. */
  addBody({ sha256, backend, link }: SummedBody): void {
    if (this.#bodies.add(sha256, backend) === "body") this.#links.set(this.#bodies.indexOf(sha256), link);
  }

  addFact(sha256: string): void {
    this.#facts.add(sha256);
  }
}

/** Reads a summary. Throws `bundle_wrong` for anything else, and what the operating system says. */
export async function readSummary(path: string): Promise<Summary> {
  let summary: Summary | null = null;
  for await (const line of linesOf(path)) {
    const value = jsonOrNull(line);
    if (summary === null) summary = headOf(value, path);
    else if (!addLine(summary, value)) throw damaged(path);
  }
  if (summary === null) throw damaged(path);
  return summary;
}

/** Yields the lines of a summary, as they are. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let reader = new ByteReader(openFileSource(path));
  try {
    const compression = compressionOf(await reader.peek(4));
    if (compression !== null) reader = new ByteReader(decompressed(reader, compression));
    const decoder = new TextDecoder();
    let rest = "";
    for (let bytes; (bytes = await reader.some(64 * 1024)) !== null;) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      if (rest.length > maxLineBytes) throw damaged(path);
      yield* lines;
    }
    if (rest !== "") throw damaged(path);
  } catch (error) {
    if (error instanceof VaultError && !error.message.includes(path)) throw damaged(path, error);
    throw error;
  } finally {
    reader.close();
  }
}

// deno-lint-ignore no-explicit-any
function headOf(value: any, path: string): Summary {
  if (value?.summary === 1 && Array.isArray(value.chain) && value.chain.length > 0 && value.chain.every(isLink)) {
    return new Summary(value.chain.map(({ id, created }: ChainLink) => ({ id, created })));
  }
  throw new VaultError(
    "bundle_wrong",
    `"${path}" is no summary of a bundle, nor a list of artifact-vault bundle have; an export leaves one beside the ` +
      `bundle, as OUT${summarySuffix}`,
  );
}

/** A body is `["b", sha256, link, backend]`, the last of them absent where it is not known, and a fact `["f", sha256]`. */
function addLine(summary: Summary, value: unknown): boolean {
  if (!Array.isArray(value) || !/^[0-9a-f]{64}$/.test(String(value[1]))) return false;
  const [kind, sha256, link, backend = null] = value;
  if (kind === "f") summary.addFact(sha256);
  else if (kind === "b" && summary.chain[link] !== undefined && (backend === null || typeof backend === "string")) {
    summary.addBody({ sha256, backend, link });
  } else return false;
  return true;
}

function damaged(path: string, cause?: unknown): VaultError {
  return new VaultError("bundle_wrong", `"${path}" is damaged or was cut; copy it again`, { cause });
}
