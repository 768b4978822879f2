import { type Digest, type DigestAlgorithm, parseDigest } from "../../digest.ts";
import type { Hashes } from "./page.ts";

const bestFirst: readonly DigestAlgorithm[] = ["sha256", "sha512", "sha1", "md5"];

/** The hash to check a file against; null where none is well-formed and of a known algorithm. */
export function digestOf(hashes: Hashes): Digest | null {
  for (const algorithm of bestFirst) {
    const digest = readDigest(algorithm, hashes[algorithm]?.toLowerCase() ?? "");
    if (digest !== null) return digest;
  }
  return null;
}

function readDigest(algorithm: DigestAlgorithm, hex: string): Digest | null {
  try {
    return parseDigest(`${algorithm}:${hex}`);
  } catch {
    return null;
  }
}

/** Parses the hashes in a fragment or an attribute, `sha256=…` (PEP 503, 658); empty where there is none. */
export function hashesIn(text: string): Hashes {
  const found = text.toLowerCase().matchAll(/(?:^|[#&])(md5|sha(?:1|224|256|384|512))=([0-9a-f]+)/g);
  return Object.fromEntries([...found].map(([, algorithm, hex]) => [algorithm!, hex!]));
}

/** Prints one of the hashes as `hashesIn` parses it, preferably the one to check against; null where there is none. */
export function formatHash(hashes: Hashes): string | null {
  const algorithm = digestOf(hashes)?.algorithm ?? Object.keys(hashes)[0];
  return algorithm === undefined ? null : `${algorithm}=${hashes[algorithm]}`;
}
