import { createHash, type Hash } from "node:crypto";
import { VaultError } from "./errors.ts";

const hexLength = { sha256: 64, sha512: 128, sha1: 40, md5: 32 } as const;

/**
 * Git's name of a blob, with the size that the blob has: the SHA-1 of `blob SIZE`, a zero byte and the body
 * (gitformat-loose, "loose object format").
 */
export type GitBlob = `git_blob_${number}`;

const gitBlob = /^git_blob_(\d{1,16})$/;

export type DigestAlgorithm = keyof typeof hexLength | GitBlob;

/** A digest of a whole body; `hex` is lower case and of the algorithm's exact length. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

/** Parses `algorithm:hex` (OCI image-spec, descriptor digests). Throws `bad_request` on anything else. */
export function parseDigest(text: string): Digest {
  const [algorithm = "", hex = "", ...rest] = text.split(":");
  if (rest.length > 0 || hex.length !== hexLengthOf(algorithm) || !/^[0-9a-f]+$/.test(hex)) {
    throw new VaultError("bad_request", `Not a digest: "${text.slice(0, 200)}"`);
  }
  return { algorithm: algorithm as DigestAlgorithm, hex };
}

/** 0 for what is no algorithm. */
function hexLengthOf(algorithm: string): number {
  if (gitBlob.test(algorithm)) return hexLength.sha1;
  return Object.hasOwn(hexLength, algorithm) ? hexLength[algorithm as keyof typeof hexLength] : 0;
}

/** Returns the digest of a body of `sizeBytes` that git calls `hex`; null where that is no name of git's. */
export function gitBlobDigest(hex: string, sizeBytes: number): Digest | null {
  return /^[0-9a-f]{40}$/.test(hex) ? { algorithm: `git_blob_${sizeBytes}`, hex } : null;
}

/** Formats a digest as `algorithm:hex`, the inverse of `parseDigest`. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

/**
 * Hashes bytes in order with several algorithms at once. `digests` may be called at any point, and hashing continues
 * after it.
 */
export class Hasher {
  #bytes = 0;
  readonly #hashes: ReadonlyMap<DigestAlgorithm, Hash>;

  constructor(algorithms: Iterable<DigestAlgorithm>) {
    this.#hashes = new Map([...new Set(algorithms)].map((algorithm) => [algorithm, begin(algorithm)]));
  }

  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  /** Returns the digests, in hex, of all bytes so far. */
  digests(): Partial<Record<DigestAlgorithm, string>> {
    const entries = [...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.copy().digest("hex")]);
    return Object.fromEntries(entries);
  }
}

function begin(algorithm: DigestAlgorithm): Hash {
  const [, sizeBytes] = gitBlob.exec(algorithm) ?? [];
  return sizeBytes === undefined ? createHash(algorithm) : createHash("sha1").update(`blob ${sizeBytes}\0`);
}
