import { formatDigest } from "../../../digest.ts";
import { parseJsonObject } from "../../../http/json.ts";
import { linksOf } from "../linked_content.ts";

/** Reads a manifest or a blob of an image; null where it is not there. */
export type ReadContent = (kind: "manifests" | "blobs", digest: string) => Promise<Uint8Array | null>;

/** An index may list indexes; nobody nests them deeper. */
const deepest = 3;
/** The images of an index were made together: a few tell enough. */
const mostLookedAt = 5;

/** Returns when an image was made, by its config, in ms since the epoch; null where nothing tells. */
export async function createdAt(manifest: Uint8Array, read: ReadContent, depth = 0): Promise<number | null> {
  const { manifests, blobs: [config] } = linksOf(manifest);
  if (manifests.length === 0) {
    const bytes = config === undefined ? null : await read("blobs", formatDigest(config));
    const created = Date.parse(String(bytes && parseJsonObject(bytes)?.created));
    return Number.isNaN(created) ? null : created;
  }
  for (const { digest } of depth < deepest ? manifests.slice(0, mostLookedAt) : []) {
    const child = await read("manifests", formatDigest(digest));
    const created = child && await createdAt(child, read, depth + 1);
    if (created !== null) return created;
  }
  return null;
}
