import { VaultError } from "../../errors.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const decoder = new TextDecoder();

/** Where a text stands in a document: its first byte, and the byte behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a JSON text forward, byte by byte and once, so that parts of it can be copied unchanged: a registry's document
 * has up to 11 MB, and its signatures count from the very bytes. Values that are skipped are only looked at for where
 * they end. Throws `upstream_failed` for what is no JSON, and where the text ends early.
 */
export class JsonReader {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array, start = 0) {
    this.bytes = bytes;
    this.#at = start;
  }

  /** The offset of the next byte to be read. */
  get at(): number {
    return this.#at;
  }

  /** True if the next value is an object. */
  get isAtObject(): boolean {
    return this.#next() === openBrace;
  }

  /** Calls `visit` for each member of an object, which reads or skips the member's value; `start` is that of its key. */
  object(visit: (key: string, start: number) => void): void {
    this.#expect(openBrace);
    if (this.#next() === closeBrace) return void this.#at++;
    for (;;) {
      this.#next();
      const start = this.#at;
      const key = this.string();
      this.#expect(colon);
      this.#next();
      visit(key, start);
      if (this.#next() !== comma) return this.#expect(closeBrace);
      this.#at++;
    }
  }

  /** Reads a string. */
  string(): string {
    const { start, end } = this.#skipString();
    const text = decoder.decode(this.bytes.subarray(start + 1, end - 1));
    return text.includes("\\") ? parseJson(`"${text}"`) as string : text;
  }

  /** Reads a string; null, and skipped, where there is another value. */
  stringOrNull(): string | null {
    if (this.#next() === quote) return this.string();
    this.skip();
    return null;
  }

  /** Parses the next value, which should be a small one. */
  value(): unknown {
    const { start, end } = this.skip();
    return parseJson(decoder.decode(this.bytes.subarray(start, end)));
  }

  /** Skips the next value. */
  skip(): Span {
    const first = this.#next();
    const start = this.#at;
    if (first === quote) return this.#skipString();
    if (first === openBrace || first === openBracket) return this.#skipNested();
    const { bytes } = this;
    // A number, true, false or null.
    while (this.#at < bytes.length && isOfWord(bytes[this.#at]!)) this.#at++;
    if (this.#at === start) throw malformed(this.#at);
    return { start, end: this.#at };
  }

  /** Throws where anything but white space is left. */
  end(): void {
    this.#next();
    if (this.#at < this.bytes.length) throw malformed(this.#at);
  }

  #skipNested(): Span {
    const { bytes } = this;
    const start = this.#at;
    let depth = 0;
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at]!;
      if (byte === quote) {
        this.#skipString();
        continue;
      }
      this.#at++;
      if (byte === openBrace || byte === openBracket) depth++;
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return { start, end: this.#at };
    }
    throw malformed(this.#at);
  }

  #skipString(): Span {
    this.#next();
    const { bytes } = this;
    const start = this.#at;
    if (bytes[start] !== quote) throw malformed(start);
    for (let at = start + 1; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === backslash) at++;
      else if (byte === quote) {
        this.#at = at + 1;
        return { start, end: at + 1 };
      }
    }
    throw malformed(bytes.length);
  }

  /** Skips white space; the byte behind it, undefined at the end. */
  #next(): number | undefined {
    const { bytes } = this;
    while (isSpace(bytes[this.#at])) this.#at++;
    return bytes[this.#at];
  }

  #expect(byte: number): void {
    if (this.#next() !== byte) throw malformed(this.#at);
    this.#at++;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isOfWord(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a || byte >= 0x30 && byte <= 0x39 || byte === 0x2d || byte === 0x2b ||
    byte === 0x2e || byte === 0x45;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new VaultError("upstream_failed", "Cannot read a document: a part of it is no JSON");
  }
}

function malformed(at: number): VaultError {
  return new VaultError("upstream_failed", `Cannot read a document: it is no JSON, or is cut short, at byte ${at}`);
}
