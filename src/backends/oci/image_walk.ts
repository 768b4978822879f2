import { VaultError } from "../../errors.ts";
import { asJsonObject, type JsonObject, parseJsonObject } from "../../http/json.ts";
import type { Expansion, WarmDocument, WarmRequest } from "../../warming.ts";
import { everyForm } from "./accept.ts";
import { formatImageReference, type ImageReference } from "./image_reference.ts";
import { ociIndexType } from "./media_types.ts";
import { readDigest } from "./request.ts";
import { referrersTag } from "./referrers.ts";

export interface WalkOptions {
  /** The path of a repository in the vault, below which are `manifests` and `blobs`. */
  readonly at: string;
  /** Platforms such as `linux/arm64`; empty for all. */
  readonly platforms: readonly string[];
  readonly referrers: boolean;
}

/** The accepted forms that clients send for manifests. */
const accepting = { accept: everyForm.accept };
/** An index may list indexes; nobody nests them deeper. */
const deepest = 3;
/** The suffixes of the tags under which cosign keeps what refers to an image, in registries of any kind. */
const cosignSuffixes = [".sig", ".att", ".sbom"];

/** A descriptor of content (image-spec, "Content Descriptors"). */
interface Descriptor {
  readonly digest: string;
  readonly sizeBytes: number | undefined;
  readonly platform: string | null;
  /** The manifest that an attestation of BuildKit is about. */
  readonly attests: string | null;
}

/** Walks through all that clients ask for when they pull one image. */
export class ImageWalk {
  readonly #image: ImageReference;
  readonly #options: WalkOptions;
  readonly #expansion: Expansion;
  readonly #label: string;

  constructor(image: ImageReference, options: WalkOptions, expansion: Expansion) {
    this.#image = image;
    this.#options = options;
    this.#expansion = expansion;
    this.#label = formatImageReference(image);
  }

  /** Yields manifests and blobs. Throws `not_found` where the image has none of the platforms. */
  async *requests(): AsyncGenerator<WarmRequest> {
    const document = await this.#expansion.read(this.#manifest(this.#image.reference, ""));
    yield* this.#byDigest(document);
    yield* this.#walk(document, { depth: 0, label: "" });
    if (!this.#options.referrers) return;
    const digest = document.headers.get("docker-content-digest");
    if (digest !== null) yield* this.#referrers(digest, 0);
  }

  /** Clients that have asked for a tag go on with the digest that it has. */
  *#byDigest({ headers, bytes }: WarmDocument): Generator<WarmRequest> {
    const digest = headers.get("docker-content-digest");
    if (digest === null || digest === this.#image.reference || readDigest(digest) === null) return;
    yield { ...this.#manifest(digest, ""), label: `${this.#label} by digest`, sizeBytes: bytes.byteLength };
  }

  async *#walk(
    { bytes }: WarmDocument,
    { depth, label }: { depth: number; label: string },
  ): AsyncGenerator<WarmRequest> {
    const fields = parseJsonObject(bytes) ?? {};
    if (Array.isArray(fields.manifests)) return yield* this.#index(fields, depth);
    if (!Array.isArray(fields.layers) && !Array.isArray(fields.blobs)) {
      this.#expansion.note(`${this.#label}: its manifest has no list of layers, so only the manifest is fetched`);
    }
    for (const blob of blobsOf(fields)) yield this.#blob(blob, label);
  }

  async *#index(fields: JsonObject, depth: number): AsyncGenerator<WarmRequest> {
    const listed = descriptorsOf(fields.manifests);
    const chosen = this.#chosen(listed);
    if (chosen.length === 0 && listed.length > 0) throw this.#noPlatform(listed);
    if (depth >= deepest) return;
    for (const { digest, platform } of chosen) {
      const label = platform === null ? "" : ` ${platform}`;
      const document = await this.#expansion.read(this.#manifest(digest, label));
      yield* this.#walk(document, { depth: depth + 1, label });
      if (this.#options.referrers) yield* this.#referrers(digest, 0);
    }
  }

  /** Attestations go with the manifests that they are about, where referrers are wanted. */
  #chosen(listed: readonly Descriptor[]): readonly Descriptor[] {
    const { platforms, referrers } = this.#options;
    if (platforms.length === 0) return listed;
    const isWanted = ({ platform }: Descriptor) =>
      platform === null || platforms.some((one) => `${platform}/`.startsWith(`${one}/`));
    const chosen = listed.filter((one) => one.attests === null && isWanted(one));
    const digests = new Set(chosen.map(({ digest }) => digest));
    const attesting = listed.filter(({ attests }) => referrers && attests !== null && digests.has(attests));
    return [...chosen, ...attesting];
  }

  /** Signatures and the like, of which some refer to others: by the API, by its tag, and by cosign's own tags. */
  async *#referrers(digest: string, depth: number): AsyncGenerator<WarmRequest> {
    const subject = readDigest(digest);
    if (subject === null || depth >= deepest) return;
    const tag = referrersTag(subject);
    const listed = new Set(await this.#listed(digest, tag));
    for (const suffix of cosignSuffixes) {
      const label = ` ${suffix.slice(1)} of ${short(digest)}`;
      const document = await this.#expansion.readIfThere(this.#manifest(tag + suffix, label));
      if (document === null) continue;
      yield* this.#byDigest(document);
      yield* this.#walk(document, { depth: deepest, label });
    }
    for (const one of listed) {
      const label = ` referrer ${short(one)}`;
      const document = await this.#expansion.readIfThere(this.#manifest(one, label));
      if (document !== null) yield* this.#walk(document, { depth: deepest, label });
      yield* this.#referrers(one, depth + 1);
    }
  }

  /** The digests of what refers to a manifest, by both ways in which registries list it. */
  async #listed(digest: string, tag: string): Promise<string[]> {
    const label = `${this.#label} referrers of ${short(digest)}`;
    const path = `${this.#options.at}/referrers/${digest}`;
    const lists = [
      await this.#expansion.readIfThere({ path, headers: { accept: ociIndexType }, label }),
      await this.#expansion.readIfThere({ ...this.#manifest(tag, ""), label: `${label} by tag` }),
    ];
    return lists.flatMap((list) => list === null ? [] : descriptorsOf(parseJsonObject(list.bytes)?.manifests))
      .map((one) => one.digest);
  }

  #manifest(reference: string, suffix: string): WarmRequest {
    return {
      path: `${this.#options.at}/manifests/${reference}`,
      headers: accepting,
      label: `${this.#label}${suffix}`,
    };
  }

  #blob({ digest, sizeBytes }: Descriptor, label: string): WarmRequest {
    return {
      path: `${this.#options.at}/blobs/${digest}`,
      label: `${this.#label}${label} ${short(digest)}`,
      ...sizeBytes !== undefined && { sizeBytes },
    };
  }

  #noPlatform(listed: readonly Descriptor[]): VaultError {
    const there = new Set(listed.flatMap(({ platform }) => platform ?? []));
    return new VaultError(
      "not_found",
      `${this.#label} is not there for ${this.#options.platforms.join(", ")}; it is for ${[...there].join(", ")}`,
    );
  }
}

/** Config and layers of a manifest, or the blobs of an artefact; without those that are not in the registry. */
function blobsOf({ config, layers, blobs }: JsonObject): readonly Descriptor[] {
  return descriptorsOf(
    [config, ...listOf(layers), ...listOf(blobs)].filter((one) => listOf(asJsonObject(one).urls).length === 0),
  );
}

function descriptorsOf(list: unknown): readonly Descriptor[] {
  return listOf(list).map(asJsonObject).flatMap(({ digest, size, platform, annotations }) => {
    if (typeof digest !== "string" || readDigest(digest) === null) return [];
    const { os, architecture, variant } = asJsonObject(platform);
    const attests = asJsonObject(annotations)["vnd.docker.reference.digest"];
    return [{
      digest,
      sizeBytes: typeof size === "number" ? size : undefined,
      platform: typeof os === "string" && typeof architecture === "string"
        ? [os, architecture, ...typeof variant === "string" ? [variant] : []].join("/")
        : null,
      attests: typeof attests === "string" ? attests : null,
    }];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The beginning of a digest, enough to tell it from others. */
function short(digest: string): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}
