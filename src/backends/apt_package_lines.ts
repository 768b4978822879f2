import { type Checksum, parseChecksum, relativePath } from "./apt_checksums.ts";

/** Is told of a file: `path` is below the root of the repository, without `./`. */
export type OnPackage = (path: string, sha256: string) => void;

/** What the fields of one stanza have said so far. */
interface Stanza {
  filename: string;
  sha256: string;
  directory: string;
  readonly checksums: Checksum[];
}

const newline = 0x0a;
const colon = 0x3a;
const digestBytes = 32;
/** What is looked for is shorter; of longer lines only the beginning is kept, so that memory stays bounded. */
const maxLineBytes = 16 * 1024;
/** In lower case, as all names of fields here. */
const fieldNames = ["filename", "sha256", "directory", "checksums-sha256"];
/** A line with no colon at one of these places is not worth decoding. */
const colonsOfFields = new Set(fieldNames.map((name) => name.length));
const decoder = new TextDecoder();

/**
 * Reads a Packages or a Sources index as it comes: of the first each `Filename` and its `SHA256`, of the other each
 * `Directory` and its `Checksums-Sha256`.
 */
export class PackageLines {
  readonly #onPackage: OnPackage;
  /** The beginning of a line whose end is still to come. */
  #begun = new Uint8Array();
  #stanza: Stanza = emptyStanza();
  #inChecksums = false;

  constructor(onPackage: OnPackage) {
    this.#onPackage = onPackage;
  }

  /** The next bytes. */
  write(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#readLine(this.#continued(chunk.subarray(start, end)));
      if (this.#begun.length > 0) this.#begun = new Uint8Array();
      start = end + 1;
    }
    if (start < chunk.length) this.#begun = this.#continued(chunk.subarray(start)).slice();
  }

  /** There are no more bytes. */
  end(): void {
    this.#readLine(this.#begun);
    this.#endStanza();
  }

  #continued(rest: Uint8Array): Uint8Array {
    if (this.#begun.length === 0) return rest.subarray(0, maxLineBytes);
    const line = new Uint8Array(Math.min(this.#begun.length + rest.length, maxLineBytes));
    line.set(this.#begun);
    line.set(rest.subarray(0, line.length - this.#begun.length), this.#begun.length);
    return line;
  }

  #readLine(line: Uint8Array): void {
    const first = line[0];
    if (first === undefined || first === 0x0d) return this.#endStanza();
    if (first === 0x20 || first === 0x09) {
      if (this.#inChecksums) this.#readChecksum(decoder.decode(line));
      return;
    }
    this.#inChecksums = false;
    const end = line.subarray(0, 20).indexOf(colon);
    if (colonsOfFields.has(end)) this.#readField(decoder.decode(line), end);
  }

  #readField(line: string, end: number): void {
    const value = line.slice(end + 1).trim();
    switch (line.slice(0, end).toLowerCase()) {
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
    if (checksum !== null) this.#stanza.checksums.push(checksum);
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
