import type { Artifact } from "../../artifact.ts";
import type { Parsed, Parser, Provenance } from "../../document.ts";
import type { FetchedAhead, StoredCopy, VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import { SingleFlight } from "../../single_flight.ts";
import type { Store } from "../../store/store.ts";
import type { MadeReadings } from "./made_readings.ts";
import { drain } from "../streams/chunks.ts";
import { OpenedBody } from "./opened_body.ts";
import type { OpenedArtifact } from "../vault.ts";

export interface DocumentReaderOptions {
  readonly store: Store;
  readonly made: MadeReadings;
  readonly open: (artifact: Artifact) => Promise<OpenedArtifact>;
  /** Opens an artifact as a request with HEAD does. */
  readonly openHead: (artifact: Artifact) => Promise<OpenedArtifact>;
  /** Resolves when no transfer of the artifact is under way. */
  readonly settled: (artifact: Artifact) => Promise<void>;
}

/** Reads what the vault holds or fetches: each document once, for however many. */
export class DocumentReader implements VaultReader {
  readonly #options: DocumentReaderOptions;
  readonly #reads = new SingleFlight<string, Parsed<unknown>>();
  readonly #ahead = new Set<Promise<void>>();

  constructor(options: DocumentReaderOptions) {
    this.#options = options;
  }

  read<T>(artifact: Artifact, reading: Parser<T>): Promise<Parsed<T>> {
    const { backend, key, requestHeaders, freshness } = artifact;
    const name = JSON.stringify([backend, key, requestHeaders, freshness, reading.name]);
    return this.#reads.run(name, () => this.#read(artifact, reading)) as Promise<Parsed<T>>;
  }

  async head(artifact: Artifact): Promise<HeaderList> {
    const opened = await this.#options.openHead(artifact);
    opened.close();
    return opened.headers;
  }

  holds(artifact: Artifact): boolean {
    const entry = this.#options.store.find(artifact);
    return entry !== null && this.#options.store.hasBody(entry);
  }

  async fetch(artifact: Artifact): Promise<void> {
    const opened = await this.#options.open(artifact);
    if (opened.sha256 !== undefined) return opened.close();
    await drain(opened.chunks());
    await this.#options.settled(artifact);
    if (!this.holds(artifact)) throw notKept(artifact);
  }

  async fetchAhead({ policy, ...artifact }: Artifact): Promise<FetchedAhead> {
    const { open, settled, store } = this.#options;
    const unfollowed: Artifact = { ...artifact, policy: { ...policy, abandonedTransfer: "finish" } };
    const opened = await open(unfollowed);
    opened.close();
    const { cacheStatus } = opened;
    if (opened.sha256 !== undefined) return { cacheStatus, sizeBytes: opened.sizeBytes! };
    await settled(unfollowed);
    const entry = store.find(unfollowed);
    if (entry === null || !store.hasBody(entry)) {
      throw cacheStatus.stored ? notKept(unfollowed) : notStorable(unfollowed);
    }
    const isUnchanged = entry.sha256 === opened.staleSha256;
    return { cacheStatus, sizeBytes: entry.sizeBytes, ...isUnchanged && { isUnchanged } };
  }

  async copy(from: Artifact, to: Artifact): Promise<void> {
    const { store, settled } = this.#options;
    await settled(from);
    const entry = store.find(from);
    if (entry === null || !store.hasBody(entry)) throw notKept(from);
    await store.putEntry({ ...entry, backend: to.backend, key: to.key });
  }

  entries(backend: string, prefix: string): AsyncIterable<StoredCopy> {
    return this.#options.store.entries(backend, prefix);
  }

  /** Parses an artifact ahead, once `come` has resolved, if it is stored then. */
  readAhead(artifact: Artifact, come: Promise<void>): void {
    const reading = artifact.document?.ahead;
    if (!reading) return;
    const read = come.then(async () => {
      if (this.holds(artifact)) await this.read(asStored(artifact), reading);
      // An error here comes again when somebody wants the artifact, and is reported then.
    }).catch(() => {}).finally(() => this.#ahead.delete(read));
    this.#ahead.add(read);
  }

  /** Gives up what is being made, and resolves when nothing is read ahead any more. */
  async close(): Promise<void> {
    this.#options.made.close();
    await Promise.all(this.#ahead);
  }

  async #read<T>(artifact: Artifact, reading: Parser<T>): Promise<Parsed<T>> {
    const { made, settled, open } = this.#options;
    const opened = await open(artifact);
    const body = new OpenedBody(opened, { maxBytes: reading.maxBytes, signal: made.signal });
    try {
      const isChecked = artifact.document?.check?.name === reading.name && opened.cacheStatus.stored === true;
      // The check has parsed a body that comes by the time that body has ended.
      const known = opened.sha256 ?? (isChecked ? await body.sha256() : undefined);
      const kept = known === undefined ? null : made.get(reading, body, known);
      if (kept === null && opened.sha256 === undefined && known !== undefined) {
        return { ...await this.#readAgain(artifact, reading), source: sourceOf(opened, body.url, known) };
      }
      const value = kept ? kept.value : await made.make(reading, body, () => body.sha256());
      // The body is stored before this returns, so that whoever reads it again, or copies it, finds it there.
      if (opened.sha256 === undefined) await settled(artifact);
      const sha256 = await body.sha256();
      return { value, sha256, headers: opened.headers, source: sourceOf(opened, body.url, sha256) };
    } finally {
      body.close();
    }
  }

  /** From the store, a body that has been read to its end. */
  async #readAgain<T>(artifact: Artifact, reading: Parser<T>): Promise<Parsed<T>> {
    await this.#options.settled(artifact);
    return await this.#read(asStored(artifact), reading);
  }
}

/** The artifact whose stored copy will do, however old, and is not looked into once more. */
function asStored({ document: _, ...artifact }: Artifact): Artifact {
  return { ...artifact, freshness: { kind: "immutable" } };
}

function sourceOf(opened: OpenedArtifact, upstream: string, sha256: string): Provenance {
  const { cacheStatus, ageSeconds, location } = opened;
  const isUnchanged = sha256 === opened.staleSha256;
  return { cacheStatus, ageSeconds, upstream, location, ...isUnchanged && { isUnchanged } };
}

function notKept({ backend, key }: Artifact): VaultError {
  return new VaultError("storage_failed", `${backend} ${key} could not be stored; the log says why`);
}

function notStorable({ backend, key }: Artifact): VaultError {
  return new VaultError("storage_failed", `${backend} ${key} is not stored: upstream forbids caches to store it`);
}
