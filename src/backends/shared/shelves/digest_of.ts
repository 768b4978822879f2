import { createHash } from "node:crypto";
import type { DigestAlgorithm } from "../../../digest.ts";
import type { SourceFile } from "../../../shelf.ts";

/** Reads a file to its end for its digest, in hex. */
export async function digestOf(file: SourceFile, algorithm: DigestAlgorithm = "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of file.stream(0)) hash.update(chunk);
  return hash.digest("hex");
}
