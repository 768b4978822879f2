import type { HeaderList } from "../http/headers.ts";
import { smallBodyBytes } from "../store/blobs.ts";
import { Entries } from "../store/entries.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { identityOf } from "../store/verified_files.ts";
import type { Entry } from "../store/store.ts";
import { Breather } from "./breather.ts";
import type { Fact } from "./fact.ts";
import type { ImportPlan, SpooledShard } from "./import_plan.ts";
import { parseShard } from "./read_bundle.ts";
import { ReusedBytes } from "./reused_bytes.ts";
import type { ServedBackend } from "./served_backend.ts";

/** So many keys are written at the same time. */
const keysAtOnce = 32;

export interface WriteEntriesOptions {
  readonly plan: Pick<ImportPlan, "shards" | "facts">;
  readonly backendFor: (name: string) => ServedBackend | null;
  /** A path for a file that is about to be renamed into place. */
  readonly temporary: () => string;
  /** True for a file of a body that was compared with its digest, and has not changed since. */
  readonly isVerified: (sha256: string, info: Deno.FileInfo) => boolean;
  /** True where the bundle may name the body of a fact, which is stored, for this backend. */
  readonly mayName: (backend: string, fact: Fact) => Promise<boolean>;
  /** No time of an entry is later, in ms since the epoch. */
  readonly latest: number;
  /** True also writes the entries that say which others there are. */
  readonly withRoots: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The entries of a bundle, by what has become of them. */
export interface EntryCounts {
  written: number;
  /** The cache has the same, or a newer one. */
  older: number;
  /** Entries whose body the bundle does not have, and may not name. */
  denied: number;
  /** Entries whose body is missing, by the id of the bundle that has it; `null` for the imported one. */
  readonly lacking: Map<string | null, number>;
}

/**
 * Writes the entries of a bundle whose bodies are stored. Those that name others come last, so that nobody is led to
 * something that is not there yet. Throws what the operating system says.
 */
export async function writeEntries(layout: FsLayout, options: WriteEntriesOptions): Promise<EntryCounts> {
  const writer = new EntryWriter(layout, options);
  const shardsOfRoots: SpooledShard[] = [];
  for (const shard of options.plan.shards) {
    const { others } = await writer.write(shard, { roots: false });
    if (others > 0) shardsOfRoots.push(shard);
  }
  if (!options.withRoots) return writer.counts;
  for (const shard of shardsOfRoots) await writer.write(shard, { roots: true });
  return writer.counts;
}

class EntryWriter {
  readonly counts: EntryCounts = { written: 0, older: 0, denied: 0, lacking: new Map() };
  readonly #layout: FsLayout;
  readonly #options: WriteEntriesOptions;
  readonly #entries: Entries;
  readonly #breather: Breather;
  readonly #memory = new ReusedBytes();

  constructor(layout: FsLayout, options: WriteEntriesOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#breather = new Breather(options.signal);
    this.#entries = new Entries(layout, { temporary: options.temporary, unreadable: () => {}, isBrief: true });
  }

  /** Writes the entries of a shard that lead to others, or those that do not; returns the number of the rest. */
  async write(
    { header, offset, sizeBytes }: SpooledShard,
    { roots }: { readonly roots: boolean },
  ): Promise<{ readonly others: number }> {
    const { plan, backendFor } = this.#options;
    await this.#breather.breathe();
    const backend = backendFor(header.backend)!;
    const bytes = this.#memory.take(sizeBytes);
    plan.facts.readInto(bytes, offset);
    const { facts } = parseShard(bytes);
    const wanted = facts.filter(({ entry }) => backend.isRoot(entry) === roots);
    const keys = byKey(wanted);
    for (let first = 0; first < keys.length; first += keysAtOnce) {
      await this.#breather.breathe();
      const together = keys.slice(first, first + keysAtOnce);
      await Promise.all(together.map((variants) => this.#writeKey(variants, backend.name)));
    }
    return { others: facts.length - wanted.length };
  }

  /** Of the variants of a key, the newest comes first, and is written last: it says how others are found. */
  async #writeKey(variants: readonly Fact[], backend: string): Promise<void> {
    for (const fact of variants.toReversed()) await this.#write(fact, backend);
  }

  async #write(fact: Fact, backend: string): Promise<void> {
    const { entry, bodyIn } = fact;
    const { sha256, sizeBytes } = entry;
    const info = fileOrNull(this.#layout.blob(sha256));
    if (info?.size !== sizeBytes) {
      const { lacking } = this.counts;
      lacking.set(bodyIn, (lacking.get(bodyIn) ?? 0) + 1);
      return;
    }
    if (!await this.#options.mayName(backend, fact)) {
      this.counts.denied++;
      return;
    }
    const timely = notAfter({ ...entry, backend }, this.#options.latest);
    const rank = this.#rankOf(timely);
    if (rank === "older") {
      this.counts.older++;
      return;
    }
    const isKnown = sizeBytes > smallBodyBytes && this.#options.isVerified(sha256, info);
    const written = { ...timely, ...isKnown && { verifiedFile: identityOf(info) } };
    await this.#entries.write(written, { isNewest: rank === "newest" });
    this.counts.written++;
  }

  /** What an entry is beside those of its key that are there with their bodies. */
  #rankOf({ backend, key, validatedAt, selectedBy }: Entry): "newest" | "variant" | "older" {
    const same = this.#entries.find({ backend, key, requestHeaders: selectedBy });
    if (same !== null && same.validatedAt >= validatedAt && this.#isWhole(same)) return "older";
    const newest = this.#entries.newest(backend, key);
    if (newest === null || newest.validatedAt <= validatedAt || !this.#isWhole(newest)) return "newest";
    // Variants by other headers than the newest one's are not found.
    return selectedBy.length > 0 && namesOf(newest.selectedBy) === namesOf(selectedBy) ? "variant" : "older";
  }

  #isWhole({ sha256, sizeBytes }: Entry): boolean {
    return fileOrNull(this.#layout.blob(sha256))?.size === sizeBytes;
  }
}

/** An entry from the future would not be revalidated until then, and newer ones would not replace it. */
function notAfter(entry: Entry, latest: number): Entry {
  const { storedAt, validatedAt, generatedAt, freshUntil } = entry;
  if (Math.max(storedAt, validatedAt, generatedAt) <= latest) return entry;
  const late = Math.max(0, validatedAt - latest);
  return {
    ...entry,
    storedAt: Math.min(storedAt, latest),
    validatedAt: Math.min(validatedAt, latest),
    generatedAt: Math.min(generatedAt, latest),
    freshUntil: Math.max(0, freshUntil - late),
  };
}

function namesOf(headers: HeaderList): string {
  return headers.map(([name]) => name).join();
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
