import type { ReadableBody } from "../../../document.ts";
import { describeDocument, type DocumentDescription } from "./document.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Packed documents are unpacked to see whether they are small if they have at most this part of the limit. */
const packedShare = 1 / 4;

/** Codings that unpack in one go, or to far more than a thousand times as much: they never count as small. */
const neverSmall: ReadonlySet<string> = new Set(["xz", "bzip2", "zstd"]);

/** The packed bytes of a document, either as a whole or chunk by chunk from their beginning. */
export class Source {
  readonly description: DocumentDescription;
  readonly #body: ReadableBody;
  readonly #smallBytes: number;
  /** What `readSmall` has read, and `next` returns first. */
  readonly #begun: Bytes[] = [];
  #reader: ReadableStreamDefaultReader<Bytes> | null = null;
  #isWhole = false;

  /** A document that has at most `smallBytes` once it is unpacked is small. */
  constructor(body: ReadableBody, coding: string | undefined, smallBytes: number) {
    this.#body = body;
    this.#smallBytes = smallBytes;
    this.description = describeDocument(body, coding);
  }

  /** True where it is small by its size alone; null where only its bytes can say. */
  get isSmall(): boolean | null {
    const { sizeBytes } = this.#body;
    if (this.#limit === 0) return false;
    return sizeBytes === undefined ? null : sizeBytes <= this.#limit;
  }

  /** All bytes of a document that may be small; null where it is not. Throws as the body. */
  async readSmall(): Promise<Bytes | null> {
    if (this.isSmall === false) return null;
    if (this.isSmall) this.#begun.push(new Uint8Array(await this.#body.bytes()));
    else if (!await this.#readUpTo(this.#limit)) return null;
    this.#isWhole = true;
    const [first = new Uint8Array(), ...others] = this.#begun;
    return others.length === 0 ? first : await new Blob(this.#begun).bytes();
  }

  /** The next chunk, in a buffer of its own; null at the end. Throws as the body. */
  async next(): Promise<Bytes | null> {
    return this.#begun.shift() ?? (this.#isWhole ? null : await this.#read());
  }

  /** Releases the body: nobody reads on. */
  cancel(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
  }

  get #limit(): number {
    const { coding } = this.description;
    if (neverSmall.has(coding)) return 0;
    return coding === "identity" ? this.#smallBytes : this.#smallBytes * packedShare;
  }

  /** True once the body has ended; false where it is larger. */
  async #readUpTo(maxBytes: number): Promise<boolean> {
    for (let sizeBytes = 0; sizeBytes <= maxBytes;) {
      const chunk = await this.#read();
      if (chunk === null) return true;
      sizeBytes += chunk.byteLength;
      this.#begun.push(chunk);
    }
    return false;
  }

  async #read(): Promise<Bytes | null> {
    this.#reader ??= this.#body.stream().getReader();
    const { value } = await this.#reader.read();
    // The buffer may be in use elsewhere, and a chunk that goes to a thread changes hands.
    return value === undefined ? null : new Uint8Array(value);
  }
}
