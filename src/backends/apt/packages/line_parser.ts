import { type Checksum, parseChecksum, relativePath } from "../checksums.ts";

/** Called for each file; `path` is below the root of the repository, without `./`. */
export type OnPackage = (path: string, sha256: string) => void;

/** The fields of one stanza that were parsed so far. */
interface Stanza {
  filename: string;
  sha256: string;
  directory: string;
  readonly checksums: Checksum[];
}

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;
const digestBytes = 32;
/** The fields of interest are shorter; of longer lines only the beginning is kept, so that memory stays bounded. */
const maxLineBytes = 16 * 1024;
/** A source package has a few files; more are dropped, for the same reason. */
const maxFiles = 1000;
/** Lengths of the names of interest: "sha256", "filename", "directory" and "checksums-sha256". */
const nameLengths = [6, 8, 9, 16];
const decoder = new TextDecoder();

/**
 * Parses a Packages or a Sources index chunk by chunk: of the first each `Filename` and its `SHA256`, of the other each
 * `Directory` and its `Checksums-Sha256`.
 */
export class PackageLineParser {
  readonly #onPackage: OnPackage;
  /** The beginning of a line that ends in a later chunk. */
  #begun = new Uint8Array();
  #stanza: Stanza = emptyStanza();
  #inChecksums = false;

  constructor(onPackage: OnPackage) {
    this.#onPackage = onPackage;
  }

  /** Parses the next bytes. */
  write(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (this.#begun.length === 0) this.#readLine(chunk, start, end);
      else this.#endBegun(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#begun = this.#begunAnd(chunk.subarray(start));
  }

  /** Parses what is left after the last bytes. */
  end(): void {
    this.#endBegun(new Uint8Array());
    this.#endStanza();
  }

  #begunAnd(rest: Uint8Array): Uint8Array<ArrayBuffer> {
    const line = new Uint8Array(Math.min(this.#begun.length + rest.length, maxLineBytes));
    line.set(this.#begun);
    line.set(rest.subarray(0, line.length - this.#begun.length), this.#begun.length);
    return line;
  }

  #endBegun(rest: Uint8Array): void {
    const line = this.#begunAnd(rest);
    this.#begun = new Uint8Array();
    this.#readLine(line, 0, line.length);
  }

  /** Most lines are skipped without being decoded: an index has a million. */
  #readLine(bytes: Uint8Array, start: number, end: number): void {
    const first = bytes[start];
    if (start === end || first === carriageReturn) return this.#endStanza();
    if (first === space || first === tab) {
      if (this.#inChecksums) this.#readChecksum(decoder.decode(bytes.subarray(start, end)));
      return;
    }
    this.#inChecksums = false;
    const nameLength = nameLengths.find((length) => bytes[start + length] === colon);
    if (nameLength !== undefined) this.#readField(decoder.decode(bytes.subarray(start, end)), nameLength);
  }

  #readField(line: string, nameLength: number): void {
    const value = line.slice(nameLength + 1).trim();
    switch (line.slice(0, nameLength).toLowerCase()) {
      case "filename":
        this.#stanza.filename = value;
        break;
      case "sha256":
        this.#stanza.sha256 = value.toLowerCase();
        break;
      case "directory":
        this.#stanza.directory = value;
        break;
      case "checksums-sha256":
        this.#inChecksums = true;
        this.#readChecksum(value);
    }
  }

  #readChecksum(line: string): void {
    const checksum = parseChecksum(line, digestBytes);
    if (checksum !== null && this.#stanza.checksums.length < maxFiles) this.#stanza.checksums.push(checksum);
  }

  #endStanza(): void {
    const { filename, sha256, directory, checksums } = this.#stanza;
    if (filename !== "" && /^[0-9a-f]{64}$/.test(sha256)) this.#onPackage(relativePath(filename), sha256);
    for (const { name, hex } of checksums) this.#onPackage(relativePath(`${directory}/${name}`), hex);
    this.#stanza = emptyStanza();
    this.#inChecksums = false;
  }
}

function emptyStanza(): Stanza {
  return { filename: "", sha256: "", directory: "", checksums: [] };
}
