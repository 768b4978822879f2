import { createHash } from "node:crypto";
import { asJsonObject, parseJsonObject } from "../../../http/json.ts";
import type { SourceFile, SourceTree } from "../../../shelf.ts";
import { readSmall, readWhole } from "../../shared/shelves/read_small.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import { ociManifestType } from "../media_types.ts";
import type { Content, FoundImage, ImageSource } from "./image_source.ts";

const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar";

/** The image of an archive that is not as it was at its registry. */
const caveat = "docker save unpacks layers and keeps no manifest, so the manifest was made anew: the image can be " +
  "pulled by its tag, and not by the digest that its registry has for it";

/** An entry of `manifest.json`. */
interface Saved {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Opens an archive of `docker save` or `podman save`, whose `manifest.json` names configs and layers; null for any
 * other source. The same archive always gives the same manifests.
 */
export async function openDockerArchive(tree: SourceTree): Promise<ImageSource | null> {
  const listed = parseList(await readSmall(tree, "manifest.json"));
  if (listed === null) return null;
  return new DockerArchive(tree, listed);
}

class DockerArchive implements ImageSource {
  readonly description = "an archive of docker save";
  readonly #tree: SourceTree;
  readonly #saved: readonly Saved[];
  readonly #contents = new Map<string, Content>();
  /** The digests of layers by their paths: images share them. */
  readonly #digests = new Map<string, string>();

  constructor(tree: SourceTree, saved: readonly Saved[]) {
    this.#tree = tree;
    this.#saved = saved;
  }

  async *images(): AsyncGenerator<FoundImage> {
    for (const saved of this.#saved) {
      const digest = await this.#makeManifest(saved);
      for (const name of saved.tags.length === 0 ? [null] : saved.tags) yield { name, digest, caveat };
    }
  }

  find(digest: string): Promise<Content | null> {
    return Promise.resolve(this.#contents.get(digest) ?? null);
  }

  /** Returns the digest of the manifest. A layer or config that the archive lacks gets a digest that nothing has. */
  async #makeManifest({ config, layers }: Saved): Promise<string> {
    const file = await this.#tree.find(config);
    const bytes = file && await readWhole(file);
    const diffIds = diffIdsIn(bytes);
    const descriptors = [];
    for (const [at, path] of layers.entries()) descriptors.push(await this.#layer(path, diffIds[at]));
    const manifest = new TextEncoder().encode(JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifestType,
      config: { mediaType: configType, ...this.#add(bytes ?? new Uint8Array()) },
      layers: descriptors,
    }));
    return this.#add(manifest).digest;
  }

  async #layer(path: string, diffId: string | undefined): Promise<Readonly<Record<string, unknown>>> {
    const file = await this.#tree.find(path);
    if (file === null) return { mediaType: layerType, digest: diffId ?? `sha256:${"0".repeat(64)}`, size: 0 };
    const isPacked = await beginsLikeGzip(file);
    // The config's list tells the digests of unpacked layers; a packed one has to be read.
    const digest = isPacked || diffId === undefined ? await this.#digestOf(file) : diffId;
    this.#contents.set(digest, file);
    return { mediaType: isPacked ? `${layerType}+gzip` : layerType, digest, size: file.sizeBytes };
  }

  async #digestOf(file: SourceFile): Promise<string> {
    const digest = this.#digests.get(file.path) ?? `sha256:${await digestOf(file)}`;
    this.#digests.set(file.path, digest);
    return digest;
  }

  #add(bytes: Uint8Array<ArrayBuffer>): { readonly digest: string; readonly size: number } {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (bytes.byteLength > 0) this.#contents.set(digest, bytes);
    return { digest, size: bytes.byteLength };
  }
}

function parseList(bytes: Uint8Array | null): readonly Saved[] | null {
  if (bytes === null) return null;
  const list = parseJsonObject(`{"list":${new TextDecoder().decode(bytes)}}`)?.list;
  if (!Array.isArray(list)) return null;
  const saved = list.map((entry) => {
    const { Config: config, RepoTags: tags, Layers: layers } = asJsonObject(entry);
    return typeof config === "string" && Array.isArray(layers)
      ? { config, tags: texts(tags), layers: texts(layers) }
      : null;
  });
  return saved.length > 0 && saved.every((one) => one !== null) ? saved : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function diffIdsIn(config: Uint8Array | null): string[] {
  return texts(asJsonObject(asJsonObject(config && parseJsonObject(config)).rootfs).diff_ids);
}

async function beginsLikeGzip(file: SourceFile): Promise<boolean> {
  if (file.sizeBytes < 2) return false;
  const [first, second] = new Uint8Array(await new Response(file.stream(0, 2)).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}
