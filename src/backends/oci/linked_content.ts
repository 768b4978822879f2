import type { Digest } from "../../digest.ts";
import { asJsonObject, parseJsonObject } from "../../http/json.ts";
import { readDigest } from "./request.ts";

/** The content that a manifest or an index lists (image-spec, "Content Descriptors"). */
export interface Links {
  /** The manifests of an index. */
  readonly manifests: readonly ListedManifest[];
  /** Config and layers of a manifest; without those on other servers. */
  readonly blobs: readonly Digest[];
}

export interface ListedManifest {
  readonly digest: Digest;
  /** For example `linux/arm64/v8`; null where the index names none. */
  readonly platform: string | null;
}

/** Longer lists are cut. */
const mostLinks = 1000;
/** About the memory of one link. */
export const linkBytes = 200;

/** Parses the links of a manifest or an index; any other document has none. */
export function linksOf(bytes: Uint8Array): Links {
  const { manifests, config, layers } = parseJsonObject(bytes) ?? {};
  return {
    manifests: listOf(manifests).flatMap(listedManifest),
    blobs: [config, ...listOf(layers)].flatMap(blobOf),
  };
}

function listedManifest(descriptor: unknown): ListedManifest[] {
  const { digest, platform } = asJsonObject(descriptor);
  const read = typeof digest === "string" ? readDigest(digest) : null;
  return read === null ? [] : [{ digest: read, platform: platformOf(asJsonObject(platform)) }];
}

/** Returns the blob of a descriptor. One with `urls` is foreign: not in the registry (image-spec, "Foreign layers"). */
function blobOf(descriptor: unknown): Digest[] {
  const { digest, urls } = asJsonObject(descriptor);
  const read = typeof digest === "string" && listOf(urls).length === 0 ? readDigest(digest) : null;
  return read === null ? [] : [read];
}

function platformOf({ os, architecture, variant }: Readonly<Record<string, unknown>>): string | null {
  if (typeof os !== "string" || typeof architecture !== "string") return null;
  return [os, architecture, ...typeof variant === "string" ? [variant] : []].join("/");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, mostLinks) : [];
}
