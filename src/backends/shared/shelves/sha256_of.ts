import { createHash } from "node:crypto";
import type { SourceFile } from "../../../shelf.ts";

/** Reads a file to its end for its SHA-256, in hex. */
export async function sha256Of(file: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of file.stream(0)) hash.update(chunk);
  return hash.digest("hex");
}
