import type { CarriedEntry, Carrying } from "../carrying.ts";
import { VaultError } from "../errors.ts";
import { headerOf } from "../http/headers.ts";
import { cachedEntries } from "../inventory/cached_entries.ts";
import { entryName } from "../inventory/entry_name.ts";
import { shownEntries } from "../observe/shown_count.ts";
import { shownLine } from "../observe/shown_text.ts";
import { DigestSet } from "../store/digest_set.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import type { Entry } from "../store/store.ts";
import { emptyConfig } from "./blob_name.ts";
import { BodyList } from "./body_list.ts";
import { Breather } from "./breather.ts";
import { type CarriedImage, formatDockerManifest, isWhole, readImages } from "./docker_manifest.ts";
import { formatFact, hasNamedBody, isSound } from "./fact.ts";
import type { Descriptor, ImageDescriptor } from "./index_document.ts";
import { KnownBodies } from "./known_bodies.ts";
import { sha256Of, type Shard, ShardBuffers, ShardBuilder, type ShardHeader } from "./shard.ts";
import type { Spool, SpoolFile } from "./spool.ts";
import type { Summary } from "./summary.ts";
import type { SummaryWriter } from "./summary_writer.ts";

/** A backend whose entries are carried. */
export interface CarriedBackend extends Omit<ShardHeader, "number" | "backend"> {
  readonly name: string;
  /** The names of the image that an entry stores the manifest of; none for everything else. */
  imageNames(entry: CarriedEntry): readonly string[];
  /** The beginning of the keys of all entries that such an image may need. */
  imageFolder(entry: CarriedEntry): string;
  readonly imageParts: Carrying["imageParts"];
  /** The SHA-256 in hex that the key of an entry says its body has; null where it says none. */
  digestOf(entry: CarriedEntry): string | null;
}

export interface CollectOptions {
  readonly layout: FsLayout;
  readonly backends: readonly CarriedBackend[];
  selects(entry: Entry): boolean;
  /** What the other side has; null where nothing is known of it. */
  readonly since: Summary | null;
  /** False where nobody vouches for the bundle, which then names no body that only other backends have (`BodyRights`). */
  readonly isSigned: boolean;
  readonly spool: Spool;
  /** Gets what the other side has after the import; null where nobody wants to know. */
  readonly summary: SummaryWriter | null;
  readonly signal?: AbortSignal | undefined;
}

/** The facts of a bundle, and what belongs to them. */
export interface Collected {
  readonly shards: readonly { readonly manifest: Descriptor; readonly facts: Descriptor }[];
  /** All shards one after the other: manifest, facts, manifest, … */
  readonly documents: SpoolFile;
  readonly images: readonly ImageDescriptor[];
  /** The images of which no platform is whole in the bundle and on the other side. */
  readonly incomplete: readonly Pick<CarriedImage, "name" | "pattern">[];
  /** The images as `docker save` lists them; null where none is whole. */
  readonly dockerManifest: string | null;
  /** The bodies that the bundle has. */
  readonly bodies: BodyList;
  readonly counts: Counts;
}

export interface Counts {
  entries: number;
  /** Entries that the other side has as they are. */
  unchanged: number;
  /** Bodies that the other side has, and their bytes, among those of all entries that are selected. */
  bodiesThere: number;
  bytesThere: number;
  /** Bodies that are carried though the other side has them: there they are those of other backends. */
  bodiesAgain: number;
  bytesAgain: number;
  /** Entries whose body is not stored. */
  withoutBody: number;
}

/**
 * Reads the entries that are selected, in the order of their backends and keys, and makes shards of them. Throws
 * `storage_failed` where keys of some say that their bodies have other digests.
 */
export async function collectFacts(options: CollectOptions): Promise<Collected> {
  const collector = new Collector(options);
  for (const backend of options.backends) await collector.add(backend);
  return collector.finish();
}

/** So many of the entries that cannot be exported are named. */
const mostNamed = 10;

/** Entries of which the key says that the body has another digest. */
interface Misnamed {
  count: number;
  /** The first of them. */
  readonly names: string[];
}

class Collector {
  readonly #options: CollectOptions;
  readonly #shards: { manifest: Descriptor; facts: Descriptor }[] = [];
  readonly #images = new Map<string, CarriedImage>();
  /** Those that have been met have been decided on. */
  readonly #known: KnownBodies;
  /** Those of them that are carried though the other side has them. */
  readonly #again = new DigestSet({ isBrief: true });
  readonly #counts: Counts = nothingCounted();
  readonly #misnamed: Misnamed = { count: 0, names: [] };
  readonly #documents: SpoolFile;
  readonly #bodies: BodyList;

  constructor(options: CollectOptions) {
    this.#options = options;
    this.#known = options.since?.bodies ?? new KnownBodies();
    this.#documents = options.spool.file("documents");
    this.#bodies = new BodyList(options.spool.file("bodies"));
  }

  finish(): Collected {
    if (this.#misnamed.count > 0) throw misnamed(this.#misnamed);
    const { layout } = this.#options;
    const isThere = (sha256: string) => this.#known.isMet(sha256);
    const isNew = (sha256: string) => this.#known.linkOf(sha256) < 0;
    const has = (sha256: string) => isThere(sha256) && (isNew(sha256) || this.#again.has(sha256));
    const images = readImages([...this.#images.values()], layout);
    return {
      shards: this.#shards,
      documents: this.#documents,
      images: images.map(({ image: { readParts: _, pattern: __, ...image } }) => image),
      incomplete: images.filter((image) => !isWhole(image, isThere)).map(({ image }) => image),
      dockerManifest: formatDockerManifest(images, has),
      bodies: this.#bodies,
      counts: this.#counts,
    };
  }

  async add(backend: CarriedBackend): Promise<void> {
    const { layout, selects, signal } = this.#options;
    const breather = new Breather(signal);
    const { name, type, configuration } = backend;
    const header = { backend: name, type, configuration };
    let number = 1;
    const buffers = new ShardBuffers();
    let shard = new ShardBuilder({ ...header, number }, buffers);
    let lastKey: string | null = null;
    for await (const entry of cachedEntries(layout.root, { backends: [backend.name] })) {
      await breather.breathe();
      if (!isSound(entry) || !selects(entry)) continue;
      const line = await this.#lineOf(entry);
      if (line === null) continue;
      if (!hasNamedBody(entry, backend.digestOf(entry))) this.#noteMisnamed(entry);
      // All variants of a key are in one shard, since their order matters.
      if (entry.key !== lastKey && shard.isFullFor(line)) {
        this.#close(shard.build());
        shard = new ShardBuilder({ ...header, number: ++number }, buffers);
      }
      lastKey = entry.key;
      shard.add({ entry, bodyIn: await this.#decide(entry) }, line);
      this.#addImages(entry, backend);
    }
    if (shard.facts > 0) this.#close(shard.build());
  }

  /** The line of an entry; null where it is not carried. */
  async #lineOf(entry: Entry): Promise<string | null> {
    const { layout, since, summary } = this.#options;
    if (fileOrNull(layout.blob(entry.sha256))?.size !== entry.sizeBytes) {
      this.#counts.withoutBody++;
      return null;
    }
    // The body has been seen, whatever upstream announced before.
    const { claimed: _, ...seen } = entry;
    const fact = sha256Of(new TextEncoder().encode(formatFact({ entry: seen, bodyIn: null })));
    if (since?.hasFact(fact)) {
      this.#counts.unchanged++;
      if (this.#known.linkOf(entry.sha256) >= 0 && await this.#isFirst(entry)) this.#countThere(entry);
      return null;
    }
    await summary?.fact(fact);
    this.#counts.entries++;
    return formatFact({ entry: seen, bodyIn: this.#bodyIn(entry) });
  }

  /** The bundle on the other side that has the body of an entry; null where this one has to have it. */
  #bodyIn({ sha256, backend }: Entry): string | null {
    const { since, isSigned } = this.#options;
    const mayName = isSigned || this.#known.isThere(sha256, backend);
    return mayName ? since?.bodyIn(sha256) ?? null : null;
  }

  /** Adds the body of an entry unless it is there or added already; returns the bundle that has it elsewhere. */
  async #decide(entry: Entry): Promise<string | null> {
    const bodyIn = this.#bodyIn(entry);
    const isFirst = await this.#isFirst(entry);
    if (bodyIn === null) this.#carry(entry, isFirst);
    else if (isFirst) this.#countThere(entry);
    return bodyIn;
  }

  /** Notes what an entry has as its body; false where that has been decided on. */
  async #isFirst({ sha256, backend }: Entry): Promise<boolean> {
    const { isFirst, isNew } = this.#known.meet(sha256, backend);
    if (isNew) {
      const link = this.#known.linkOf(sha256);
      await this.#options.summary?.body({ sha256, backend, ...link >= 0 && { link } });
    }
    return isFirst;
  }

  #carry({ sha256, sizeBytes }: Entry, isFirst: boolean): void {
    const isThere = this.#known.linkOf(sha256) >= 0;
    if (isThere ? !this.#again.add(sha256) : !isFirst) return;
    if (isThere) this.#countAgain({ sizeBytes }, isFirst);
    // A bundle has the empty configuration anyway.
    if (sha256 !== emptyConfig.sha256) this.#bodies.add({ sha256, sizeBytes });
  }

  #noteMisnamed(entry: Entry): void {
    if (++this.#misnamed.count <= mostNamed) this.#misnamed.names.push(entryName(entry));
  }

  /** What was left out for one backend may be carried for another one. */
  #countAgain({ sizeBytes }: Pick<Entry, "sizeBytes">, isFirst: boolean): void {
    this.#counts.bodiesAgain++;
    this.#counts.bytesAgain += sizeBytes;
    if (isFirst) return;
    this.#counts.bodiesThere--;
    this.#counts.bytesThere -= sizeBytes;
  }

  #countThere({ sizeBytes }: Pick<Entry, "sizeBytes">): void {
    this.#counts.bodiesThere++;
    this.#counts.bytesThere += sizeBytes;
  }

  #addImages(entry: Entry, backend: CarriedBackend): void {
    const { sha256, sizeBytes, headers } = entry;
    const mediaType = (headerOf(headers, "content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
    for (const name of backend.imageNames(entry)) {
      const id = `${name}@${sha256}`;
      if (this.#images.has(id)) continue;
      const pattern = entryName({ backend: backend.name, key: `${backend.imageFolder(entry)}**` });
      this.#images.set(id, { sha256, sizeBytes, mediaType, name, pattern, readParts: backend.imageParts });
    }
  }

  #close({ manifest, facts }: Shard): void {
    for (const document of [manifest, facts]) this.#documents.append(document);
    const pinned = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), sizeBytes: bytes.byteLength });
    this.#shards.push({ manifest: pinned(manifest), facts: pinned(facts) });
  }
}

function nothingCounted(): Counts {
  return {
    ...{ entries: 0, unchanged: 0, withoutBody: 0 },
    ...{ bodiesThere: 0, bytesThere: 0, bodiesAgain: 0, bytesAgain: 0 },
  };
}

function misnamed({ count, names }: Misnamed): VaultError {
  const have = count === 1 ? "has another body than its name says" : "have other bodies than their names say";
  const rest = count > names.length ? `\nand ${count - names.length} more` : "";
  return new VaultError(
    "storage_failed",
    `Cannot export: ${shownEntries(count)} in the cache ${have}. ${
      count === 1 ? "Remove it" : "Remove them"
    } with artifact-vault cache purge NAME, and ` +
      `export again\n${names.map(shownLine).join("\n")}${rest}`,
  );
}
