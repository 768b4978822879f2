import type { HeldDocument, Mention } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { dockerManifestType, mediaTypeOf, ociManifestType } from "./oci_media_types.ts";
import { readDigest } from "./oci_request.ts";

/** Far more than any image has layers. */
const maxMentions = 1000;

/** Layers that are to be had elsewhere: a registry takes a manifest that lists them without having them. */
const heldElsewhere = /foreign|nondistributable/;

const blobHeaders: HeaderList = [["content-type", "application/octet-stream"]];

/**
 * What a manifest shows its repository to contain: itself by its digest, and the config and layers of an image.
 * Registries take no image whose config or layers are not in the repository, but any `subject`, and many an index whose
 * manifests they do not have: whoever may push those must not get to see what other repositories keep. Nor does a
 * registry that nobody has configured: where it is not `trusted`, a manifest shows itself only.
 */
export function mentionsOf(document: HeldDocument, repositoryKey: string, trusted: boolean): readonly Mention[] {
  const { bytes, sha256, headers } = document;
  const own: Mention = {
    key: `${repositoryKey}/manifests/sha256:${sha256}`,
    sha256,
    sizeBytes: bytes.byteLength,
    headers: headers.filter(([name]) => name === "content-type"),
  };
  if (!trusted) return [own];
  return [own, ...blobsOf(document).slice(0, maxMentions - 1).map((blob) => mentionOf(blob, repositoryKey))];
}

interface Blob {
  readonly sha256: string;
  readonly sizeBytes: number;
}

function mentionOf({ sha256, sizeBytes }: Blob, repositoryKey: string): Mention {
  return { key: `${repositoryKey}/blobs/sha256:${sha256}`, sha256, sizeBytes, headers: blobHeaders };
}

function blobsOf({ bytes, headers }: HeldDocument): Blob[] {
  const type = mediaTypeOf(headers);
  if (type !== ociManifestType && type !== dockerManifestType) return [];
  const { config, layers } = parseObject(bytes);
  const blobs = [config, ...Array.isArray(layers) ? layers : []].map(readDescriptor).filter((blob) => blob !== null);
  return [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()];
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    return asObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

/** Null for what is no descriptor, is not named by its SHA-256, or is to be had elsewhere. */
function readDescriptor(value: unknown): Blob | null {
  const { digest, size, mediaType, urls } = asObject(value);
  if (typeof digest !== "string" || !Number.isSafeInteger(size) || Number(size) < 0) return null;
  if (urls !== undefined || (typeof mediaType === "string" && heldElsewhere.test(mediaType))) return null;
  const parsed = readDigest(digest);
  return parsed?.algorithm === "sha256" ? { sha256: parsed.hex, sizeBytes: Number(size) } : null;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
