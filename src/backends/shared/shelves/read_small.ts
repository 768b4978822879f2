import { VaultError } from "../../../errors.ts";
import { type JsonObject, parseJsonObject } from "../../../http/json.ts";
import type { SourceFile, SourceTree } from "../../../shelf.ts";

/** Documents of a foreign source are read into memory up to this size, as registries limit manifests. */
export const maxDocumentBytes = 4 * 1024 * 1024;

/** Reads a document of a source; null where there is none. Throws `bad_request` for one that is too large. */
export async function readSmall(
  tree: SourceTree,
  path: string,
  maxBytes = maxDocumentBytes,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const file = await tree.find(path);
  return file && await readWhole(file, maxBytes);
}

/** Reads a file whole. Throws `bad_request` for one of more than `maxBytes`. */
export async function readWhole(file: SourceFile, maxBytes = maxDocumentBytes): Promise<Uint8Array<ArrayBuffer>> {
  if (file.sizeBytes > maxBytes) {
    throw new VaultError("bad_request", `Cannot read "${file.path}": it has more than ${maxBytes} bytes`);
  }
  return new Uint8Array(await new Response(file.stream(0)).arrayBuffer());
}

/** Reads a JSON object of a source; null where there is none, or something else. Throws as `readSmall`. */
export async function readJsonObject(tree: SourceTree, path: string): Promise<JsonObject | null> {
  const bytes = await readSmall(tree, path);
  return bytes && parseJsonObject(bytes);
}
