import type { CarriedEntry } from "../carrying.ts";
import { smallBodyBytes } from "../store/blobs.ts";
import { Entries } from "../store/entries.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { identityOf } from "../store/verified_files.ts";
import type { Entry } from "../store/store.ts";
import type { Fact } from "./fact.ts";
import type { ImportPlan } from "./import_plan.ts";
import { parseShard } from "./read_bundle.ts";
import { breatheUnlessStopped } from "./stopping.ts";

/** So many keys are written at the same time. */
const keysAtOnce = 32;

/** A backend that entries are written for. */
export interface ServedBackend {
  readonly name: string;
  /** True for entries that become visible after all others. */
  isRoot(entry: CarriedEntry): boolean;
}

export interface WriteEntriesOptions {
  readonly plan: Pick<ImportPlan, "shards" | "facts">;
  readonly backendFor: (name: string) => ServedBackend | null;
  /** A path for a file that is about to be renamed into place. */
  readonly temporary: () => string;
  /** True for a file of a body that was compared with its digest, and has not changed since. */
  readonly isVerified: (sha256: string, info: Deno.FileInfo) => boolean;
  /** True also writes the entries that say which others there are. */
  readonly withRoots: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The entries of a bundle, by what has become of them. */
export interface EntryCounts {
  written: number;
  /** The cache has the same, or a newer one. */
  older: number;
  /** Entries whose body is missing, by the id of the bundle that has it; `null` for the imported one. */
  readonly lacking: Map<string | null, number>;
}

/**
 * Writes the entries of a bundle whose bodies are stored. Those that name others come last, so that nobody is led to
 * something that is not there yet. Throws what the operating system says.
 */
export async function writeEntries(layout: FsLayout, options: WriteEntriesOptions): Promise<EntryCounts> {
  const writer = new EntryWriter(layout, options);
  await writer.write(false);
  if (options.withRoots) await writer.write(true);
  return writer.counts;
}

class EntryWriter {
  readonly counts: EntryCounts = { written: 0, older: 0, lacking: new Map() };
  readonly #layout: FsLayout;
  readonly #options: WriteEntriesOptions;
  readonly #entries: Entries;

  constructor(layout: FsLayout, options: WriteEntriesOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#entries = new Entries(layout, { temporary: options.temporary, unreadable: () => {} });
  }

  async write(roots: boolean): Promise<void> {
    const { plan, backendFor } = this.#options;
    for (const { header, offset, sizeBytes } of plan.shards) {
      const backend = backendFor(header.backend)!;
      const { facts } = parseShard(plan.facts.read(offset, sizeBytes));
      const wanted = facts.filter(({ entry }) => backend.isRoot(entry) === roots);
      for (const keys of inBatches(byKey(wanted), keysAtOnce)) {
        await breatheUnlessStopped(this.#options.signal);
        await Promise.all(keys.map((variants) => this.#writeKey(variants, backend.name)));
      }
    }
  }

  /** Of the variants of a key, the newest comes first, and is written last: it says how others are found. */
  async #writeKey(variants: readonly Fact[], backend: string): Promise<void> {
    for (const fact of variants.toReversed()) await this.#write(fact, backend);
  }

  async #write({ entry, bodyIn }: Fact, backend: string): Promise<void> {
    const { sha256, sizeBytes } = entry;
    const info = fileOrNull(this.#layout.blob(sha256));
    if (info?.size !== sizeBytes) {
      const { lacking } = this.counts;
      lacking.set(bodyIn, (lacking.get(bodyIn) ?? 0) + 1);
      return;
    }
    if (this.#hasNewer({ ...entry, backend })) {
      this.counts.older++;
      return;
    }
    const isKnown = sizeBytes > smallBodyBytes && this.#options.isVerified(sha256, info);
    await this.#entries.write({ ...entry, backend, ...isKnown && { verifiedFile: identityOf(info) } });
    this.counts.written++;
  }

  /** True for an entry that is at least as new, and has its body. */
  #hasNewer({ backend, key, validatedAt, selectedBy }: Entry): boolean {
    const stored = this.#entries.find({ backend, key, requestHeaders: selectedBy });
    return stored !== null && stored.validatedAt >= validatedAt &&
      fileOrNull(this.#layout.blob(stored.sha256))?.size === stored.sizeBytes;
  }
}

/** The facts about each key; those of one key stand side by side. */
function byKey(facts: readonly Fact[]): Fact[][] {
  const keys: Fact[][] = [];
  for (const fact of facts) {
    const last = keys.at(-1);
    if (last !== undefined && last[0]!.entry.key === fact.entry.key) last.push(fact);
    else keys.push([fact]);
  }
  return keys;
}

function* inBatches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}
