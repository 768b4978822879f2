import { VaultError } from "../errors.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { Member, MemberSource } from "./member_source.ts";
import {
  blockBytes,
  formatHeader,
  isZero,
  paddingOf,
  readHeader,
  readSizeRecord,
  type TarMember,
} from "./tar_header.ts";

/**
 * Reads an archive that `TarWriter` has written, and no other: every byte that is no member's has to be as it writes
 * it. Throws `bundle_wrong` for any other byte, and `bundle_interrupted` where the archive ends too early.
 */
export class TarReader implements MemberSource {
  readonly #reader: ByteReader;
  #next: TarMember | null = null;
  #ended = false;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#peek())?.name === name;
  }

  async open(name: string, sizeBytes?: number): Promise<Member> {
    const found = await this.#peek();
    if (found === null) throw wrong(`it ends where "${name}" belongs`);
    if (found.name !== name) throw wrong(`it has "${found.name}" where "${name}" belongs`);
    if (sizeBytes !== undefined && found.sizeBytes !== sizeBytes) {
      throw wrong(`"${name}" has ${found.sizeBytes} bytes, and not ${sizeBytes}`);
    }
    this.#next = null;
    return new TarBody(this.#reader, found);
  }

  async finish(): Promise<void> {
    const found = await this.#peek();
    if (found !== null) throw wrong(`it has "${found.name}" where it should end`);
    if ((await this.#reader.peek(1)).byteLength > 0) throw wrong("there are bytes after its end");
  }

  close(): void {
    this.#reader.close();
  }

  /** The member that comes next; null at the end of the archive. */
  async #peek(): Promise<TarMember | null> {
    if (this.#next !== null || this.#ended) return this.#next;
    const block = (await this.#block()).slice();
    if (isZero(block)) {
      if (!isZero(await this.#block())) throw wrong("bytes at its end are not zero");
      this.#ended = true;
      return null;
    }
    return this.#next = await this.#member(block);
  }

  async #member(block: Uint8Array): Promise<TarMember> {
    const header = readHeader(block);
    if (header === null) throw wrong("it has something else than a file in it, or was made by another program");
    if (!header.isExtended) return exactly(header, block);
    const record = (await this.#block()).slice();
    const sizeBytes = readSizeRecord(record);
    const last = (await this.#block()).slice();
    const named = readHeader(last);
    if (sizeBytes === null || named === null || named.isExtended) throw wrong("a header in it is malformed");
    return exactly({ name: named.name, sizeBytes }, block, record, last);
  }

  async #block(): Promise<Uint8Array> {
    const block = await this.#reader.take(blockBytes);
    if (block === null) throw interrupted();
    return block;
  }
}

class TarBody implements Member {
  readonly sizeBytes: number;
  readonly #reader: ByteReader;
  readonly #name: string;
  #left: number;

  constructor(reader: ByteReader, { name, sizeBytes }: TarMember) {
    this.#reader = reader;
    this.#name = name;
    this.sizeBytes = this.#left = sizeBytes;
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#left === 0) {
      await this.#endPadding();
      return null;
    }
    const bytes = await this.#reader.some(this.#left);
    if (bytes === null) throw interrupted(this.#name);
    this.#left -= bytes.byteLength;
    return bytes;
  }

  async skip(): Promise<void> {
    if (!await this.#reader.skip(this.#left)) throw interrupted(this.#name);
    this.#left = 0;
    await this.#endPadding();
  }

  async #endPadding(): Promise<void> {
    const padding = await this.#reader.take(paddingOf(this.sizeBytes));
    if (padding === null) throw interrupted(this.#name);
    if (!isZero(padding)) throw wrong(`the bytes that fill the block after "${this.#name}" are not zero`);
  }
}

function exactly({ name, sizeBytes }: TarMember, ...blocks: readonly Uint8Array[]): TarMember {
  const wanted = formatHeader({ name, sizeBytes });
  const isSame = wanted.byteLength === blocks.length * blockBytes &&
    blocks.every((block, index) => block.every((byte, at) => byte === wanted[index * blockBytes + at]));
  if (!isSame) throw wrong(`the header of "${name}" is not as it was written`);
  return { name, sizeBytes };
}

function wrong(what: string): VaultError {
  return new VaultError("bundle_wrong", what);
}

function interrupted(name?: string): VaultError {
  return new VaultError("bundle_interrupted", name === undefined ? "it ends too early" : `it ends within "${name}"`);
}
