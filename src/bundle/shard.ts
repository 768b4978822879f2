import { createHash } from "node:crypto";
import { headerOf } from "../http/headers.ts";
import { emptyConfig } from "./blob_name.ts";
import { type Fact, formatFact } from "./fact.ts";
import { LayerTitles } from "./layer_titles.ts";
import { TextBuffer } from "./text_buffer.ts";

export const shardType = "application/vnd.artifact-vault.shard.v1+json";
export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const factsType = "application/vnd.artifact-vault.facts.v1+jsonl";
const emptyType = "application/vnd.oci.empty.v1+json";
export const annotation = "com.github.artifact-vault";

/** Neither the manifest of a shard nor its facts are larger. */
export const maxShardBytes = 4 * 1024 * 1024;
/** An export closes a shard at this size, so that one is read in little memory. */
const fullBytes = 256 * 1024;
/** The bytes of a manifest besides its layers, and of a layer besides its title and type, at most. */
const fixedBytes = 2048;
const layerBytes = 800;

/** What stands before the facts of a shard. */
export interface ShardHeader {
  readonly backend: string;
  /** The word after `type:` in the configuration. */
  readonly type: string;
  /** The lines of a configuration, without secrets, that serve the backend. */
  readonly configuration: unknown;
  /** Counts from 1 within the backend. */
  readonly number: number;
}

/** A shard as it is in a bundle: two documents. */
export interface Shard {
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly facts: Uint8Array<ArrayBuffer>;
}

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The memory of shards that are built one after the other. */
export class ShardBuffers {
  readonly facts = new TextBuffer();
  readonly layers = new TextBuffer();
  readonly manifest = new TextBuffer();
}

/**
 * Collects facts about one backend until a shard is full. The same facts make the same bytes, so that a reader can make
 * a shard again and compare.
 */
export class ShardBuilder {
  readonly #header: ShardHeader;
  readonly #facts: TextBuffer;
  /** As JSON, each with a comma before it: the first layer has the facts themselves. */
  readonly #layers: TextBuffer;
  readonly #manifest: TextBuffer;
  readonly #titles = new LayerTitles();
  readonly #bodies = new Set<string>();
  #count = 0;

  /** What it builds is valid until another one begins with the same buffers. */
  constructor(header: ShardHeader, { facts, layers, manifest } = new ShardBuffers()) {
    this.#header = header;
    [this.#facts, this.#layers, this.#manifest] = [facts, layers, manifest];
    for (const buffer of [facts, layers, manifest]) buffer.clear();
    this.#facts.append(`${JSON.stringify(header)}\n`);
  }

  get facts(): number {
    return this.#count;
  }

  /** True where the shard has no room for a fact of so many characters. */
  isFullFor(line: string): boolean {
    const bytes = 3 * line.length;
    return this.#facts.length + bytes > fullBytes || fixedBytes + this.#layers.length + bytes + layerBytes > fullBytes;
  }

  add(fact: Fact, line = formatFact(fact)): void {
    this.#count++;
    this.#facts.append(`${line}\n`);
    const { sha256 } = fact.entry;
    if (this.#bodies.has(sha256)) return;
    this.#bodies.add(sha256);
    this.#layers.append(`,${JSON.stringify(this.#layerOf(fact))}`);
  }

  build(): Shard {
    const facts = this.#facts.bytes();
    const { backend, number } = this.#header;
    const head = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: shardType,
      config: { mediaType: emptyType, digest: `sha256:${emptyConfig.sha256}`, size: emptyConfig.bytes.byteLength },
    });
    const ownLayer: Layer = {
      ...{ mediaType: factsType, digest: `sha256:${sha256Of(facts)}`, size: facts.byteLength },
      annotations: { [titleKey]: `facts-${number}.jsonl` },
    };
    const annotations = { [`${annotation}.backend`]: backend, [`${annotation}.shard`]: String(number) };
    const manifest = this.#manifest;
    manifest.clear();
    manifest.append(`${head.slice(0, -1)},"layers":[${JSON.stringify(ownLayer)}`);
    manifest.appendBytes(this.#layers.bytes());
    manifest.append(`],"annotations":${JSON.stringify(annotations)}}`);
    return { manifest: manifest.bytes(), facts };
  }

  #layerOf({ entry, bodyIn }: Fact): Layer {
    return {
      mediaType: mediaTypeOf(headerOf(entry.headers, "content-type")),
      digest: `sha256:${entry.sha256}`,
      size: entry.sizeBytes,
      annotations: {
        [titleKey]: this.#titles.titleOf(entry.key, entry.sha256),
        ...bodyIn !== null && { [`${annotation}.body-in`]: bodyIn },
      },
    };
  }
}

const titleKey = "org.opencontainers.image.title";

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A media type as OCI wants them (RFC 6838 §4.2); that of any bytes where upstream has said none. */
function mediaTypeOf(contentType = ""): string {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(type)
    ? type
    : "application/octet-stream";
}
