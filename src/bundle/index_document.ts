import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { shownLine } from "../observe/shown_text.ts";
import { bundleId } from "./fact.ts";
import { annotation, manifestType, shardType } from "./shard.ts";

/** A bundle that others follow: they lack what it has. */
export interface ChainLink {
  readonly id: string;
  /** ISO 8601. */
  readonly created: string;
}

/** A document of a bundle, by which its bytes are pinned. */
export interface Descriptor {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** An image of which the bundle has the manifest. */
export interface ImageDescriptor extends Descriptor {
  readonly mediaType: string;
  /** As `docker.io/library/alpine:3.20`. */
  readonly name: string;
}

/** The content of `index.json`, which pins everything in a bundle. */
export interface IndexDocument extends ChainLink {
  /** The version of the program that wrote it. */
  readonly version: string;
  /** The bundles that it is incremental to, the oldest first. */
  readonly chain: readonly ChainLink[];
  /** Patterns of entries that are pinned. */
  readonly pins: readonly string[];
  readonly images: readonly ImageDescriptor[];
  readonly shards: readonly Descriptor[];
  /** The document for programs that take no layout with several images; null for none. */
  readonly dockerManifest: Descriptor | null;
}

export const layoutText = '{"imageLayoutVersion":"1.0.0"}';
/** Hundreds of thousands of images, or shards for a hundred million entries. */
export const maxIndexBytes = 64 * 1024 * 1024;
const dockerKey = `${annotation}.bundle.docker-manifest`;
const maxPins = 1000;
/** An export names the latest ones. */
export const maxChain = 1000;
/** Patterns of others are matched with all names: none with more than a few stars, and nothing but stars. */
export const plainPin = /^(?:[^*?[\]{}()!\\]{1,500}|[^*?[\]{}()!\\]{0,200}(?:\*{1,2}[^*?[\]{}()!\\]{0,200}){1,4})$/;
const indexType = "application/vnd.oci.image.index.v1+json";
const format = "1";
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Prints `index.json`, the same bytes for the same content. */
export function formatIndex(index: IndexDocument): string {
  const { id, created, version, chain, pins, images, shards, dockerManifest } = index;
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [
      ...images.map(({ mediaType, name, ...pinned }) => ({
        ...descriptor(mediaType, pinned),
        annotations: {
          "org.opencontainers.image.ref.name": name,
          "io.containerd.image.name": name,
        },
      })),
      ...shards.map((pinned) => ({ ...descriptor(manifestType, pinned), artifactType: shardType })),
    ],
    annotations: {
      [`${annotation}.bundle.format`]: format,
      [`${annotation}.bundle.id`]: id,
      "org.opencontainers.image.created": created,
      [`${annotation}.bundle.version`]: version,
      [`${annotation}.bundle.chain`]: JSON.stringify(chain),
      [`${annotation}.bundle.pins`]: JSON.stringify(pins),
      ...dockerManifest !== null && { [dockerKey]: JSON.stringify(dockerManifest) },
    },
  });
}

/** Parses `index.json`. Throws `bundle_wrong` for anything that `formatIndex` does not print. */
export function parseIndex(text: string): IndexDocument {
  const value = jsonOrNull(text);
  const annotations = value?.annotations ?? {};
  const written = annotations[`${annotation}.bundle.format`];
  if (typeof written !== "string") {
    throw new VaultError("bundle_wrong", "it is no bundle of Artifact Vault: index.json does not say so");
  }
  if (written !== format) {
    throw new VaultError(
      "bundle_wrong",
      `it has format ${shownLine(written)}, and this version reads format ${format}; update it`,
    );
  }
  // deno-lint-ignore no-explicit-any
  const manifests: any[] = Array.isArray(value?.manifests) ? value.manifests : [];
  const isShard = (one: { artifactType?: unknown } | null) => one?.artifactType === shardType;
  const index = {
    id: annotations[`${annotation}.bundle.id`],
    created: annotations["org.opencontainers.image.created"],
    version: annotations[`${annotation}.bundle.version`],
    chain: jsonOrNull(String(annotations[`${annotation}.bundle.chain`])),
    pins: jsonOrNull(String(annotations[`${annotation}.bundle.pins`])),
    images: manifests.filter((one) => !isShard(one)).map((one) => ({
      ...pinnedBy(one),
      mediaType: one?.mediaType,
      name: one?.annotations?.["org.opencontainers.image.ref.name"],
    })),
    shards: manifests.filter(isShard).map(pinnedBy),
    dockerManifest: annotations[dockerKey] === undefined ? null : jsonOrNull(String(annotations[dockerKey])) ?? {},
  };
  if (isIndex(index) && formatIndex(index) === text) return index;
  throw new VaultError("bundle_wrong", "index.json is malformed");
}

function descriptor(mediaType: string, { sha256, sizeBytes }: Descriptor) {
  return { mediaType, digest: `sha256:${sha256}`, size: sizeBytes };
}

// deno-lint-ignore no-explicit-any
function pinnedBy(one: any): { sha256: unknown; sizeBytes: unknown } {
  return { sha256: /^sha256:(.*)$/.exec(String(one?.digest))?.[1], sizeBytes: one?.size };
}

/** True for what names a bundle, in whatever document. */
export function isLink(link: { readonly id?: unknown; readonly created?: unknown } | null): boolean {
  const { id, created } = link ?? {};
  return typeof id === "string" && bundleId.test(id) && typeof created === "string" && isTime(created);
}

function isTime(text: string): boolean {
  const time = isoTime.test(text) ? new Date(text) : null;
  return time !== null && !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

// deno-lint-ignore no-explicit-any
function isIndex(index: any): index is IndexDocument {
  const isPinned = (one: Partial<Descriptor>) =>
    /^[0-9a-f]{64}$/.test(String(one.sha256)) && Number.isSafeInteger(one.sizeBytes) && one.sizeBytes! >= 0;
  return isLink(index) && typeof index.version === "string" && Array.isArray(index.chain) &&
    index.chain.length <= maxChain &&
    index.chain.every((link: ChainLink) => isLink(link) && Object.keys(link).join() === "id,created") &&
    Array.isArray(index.pins) && index.pins.length <= maxPins &&
    index.pins.every((pin: unknown) => typeof pin === "string" && plainPin.test(pin)) &&
    index.images.every((one: Partial<ImageDescriptor>) =>
      isPinned(one) && typeof one.mediaType === "string" && typeof one.name === "string"
    ) && index.shards.every(isPinned) &&
    (index.dockerManifest === null || isPinned(index.dockerManifest));
}
