import { Transform } from "node:stream";

/** Zstandard's magic number, then a header that gives no size, and a window of 128 KiB (RFC 8878 §3.1.1). */
const frameHeader = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38);
const maxBlockBytes = 128 * 1024;

/**
 * Wraps what passes in a Zstandard frame, as it is: nothing gets smaller, and Deno 2.6 has no compressor of the kind.
 */
export function createZstdFrame(): Transform {
  let begun = false;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      if (!begun) this.push(frameHeader);
      begun = true;
      for (let at = 0; at < chunk.byteLength; at += maxBlockBytes) {
        const block = chunk.subarray(at, at + maxBlockBytes);
        this.push(blockHeader(block.byteLength, false));
        this.push(block);
      }
      done();
    },
    flush(done) {
      if (!begun) this.push(frameHeader);
      this.push(blockHeader(0, true));
      done();
    },
  });
}

/** Of a block that is not compressed. */
function blockHeader(sizeBytes: number, isLast: boolean): Uint8Array {
  const bits = (sizeBytes << 3) | Number(isLast);
  return Uint8Array.of(bits, bits >> 8, bits >> 16);
}
