import { type DigestAlgorithm, Hasher } from "../../../digest.ts";
import type { SourceFile } from "../../../shelf.ts";

/** Reads a file to its end for its digest, in hex. */
export async function digestOf(file: SourceFile, algorithm: DigestAlgorithm = "sha256"): Promise<string> {
  const hasher = new Hasher([algorithm]);
  for await (const chunk of file.stream(0)) hasher.update(chunk);
  return hasher.digests()[algorithm]!;
}
