import { Buffer } from "node:buffer";
import type { SpoolFile } from "./spool.ts";

/** A body of a bundle. */
export interface Body {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const recordBytes = 40;
const recordsAtOnce = 4096;

/** Bodies in order, in a file: 40 bytes for each. */
export class BodyList {
  readonly #file: SpoolFile;
  #count = 0;
  #bytes = 0;

  constructor(file: SpoolFile) {
    this.#file = file;
  }

  get count(): number {
    return this.#count;
  }

  /** The bytes of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  add({ sha256, sizeBytes }: Body): void {
    const record = Buffer.alloc(recordBytes);
    record.write(sha256, 0, "hex");
    record.writeDoubleBE(sizeBytes, 32);
    this.#file.append(record);
    this.#count++;
    this.#bytes += sizeBytes;
  }

  *all(): Generator<Body> {
    const buffer = Buffer.from(new ArrayBuffer(recordsAtOnce * recordBytes));
    for (let first = 0; first < this.#count; first += recordsAtOnce) {
      const length = Math.min(recordsAtOnce, this.#count - first) * recordBytes;
      const records = buffer.subarray(0, length);
      this.#file.readInto(records, first * recordBytes);
      for (let at = 0; at < length; at += recordBytes) {
        yield { sha256: records.toString("hex", at, at + 32), sizeBytes: records.readDoubleBE(at + 32) };
      }
    }
  }
}
