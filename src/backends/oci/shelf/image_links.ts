import { formatDigest } from "../../../digest.ts";
import { linksOf } from "../linked_content.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";
import type { Content, ImageContent, ImageSource } from "./image_source.ts";

/** An index may list indexes; nobody nests them deeper. */
const deepest = 3;

export async function bytesOf(content: Content): Promise<Uint8Array<ArrayBuffer>> {
  return content instanceof Uint8Array ? content : await readWhole(content);
}

/** The content of an image as far as the source has it. */
export interface ImageParts {
  /** Everything comes before what lists it. */
  readonly parts: readonly ImageContent[];
  /** The digests of blobs that the source lacks although it has their manifest. */
  readonly missing: readonly string[];
}

/**
 * Collects what a manifest or index leads to, itself last. Images of an index that the source does not have, or not
 * whole, are left out: layouts for one platform often have the whole index. The parts are null where the source lacks
 * the manifest itself, some of its blobs, or all images of an index.
 */
export async function collectParts(
  source: ImageSource,
  digest: string,
  seen: Map<string, "whole" | "lacking"> = new Map(),
  depth = 0,
): Promise<ImageParts | { readonly parts: null; readonly missing: readonly string[] }> {
  const content = await source.find(digest);
  if (content === null) return { parts: null, missing: [digest] };
  const { manifests, blobs } = linksOf(await bytesOf(content));
  const parts: ImageContent[] = [];
  const missing: string[] = [];
  for (const blob of blobs.map(formatDigest)) {
    if (seen.has(blob)) continue;
    const found = await source.find(blob);
    if (found === null) missing.push(blob);
    else parts.push({ digest: blob, kind: "blob", content: found });
  }
  if (missing.length > 0) return { parts: null, missing };
  const lacking: string[] = [];
  let whole = 0;
  for (const child of depth < deepest ? manifests.map((one) => formatDigest(one.digest)) : []) {
    // A few indexes that list each other many times lead along any number of ways.
    const below = seen.has(child) ? null : await collectParts(source, child, seen, depth + 1);
    if (below !== null) lacking.push(...below.missing);
    if (below?.parts === null) seen.set(child, "lacking");
    if (seen.get(child) === "lacking") continue;
    whole += 1;
    parts.push(...below?.parts ?? []);
  }
  if (manifests.length > 0 && whole === 0) return { parts: null, missing: lacking };
  for (const part of [...parts, { digest }]) seen.set(part.digest, "whole");
  return { parts: [...parts, { digest, kind: "manifest", content }], missing: lacking };
}
