import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { HeaderList } from "../../src/http/headers.ts";
import { noEvents, type VaultEvents } from "../../src/observe/events.ts";
import { type Log, noLog } from "../../src/observe/log.ts";
import { type ConfigurableStore, createFsStore, type FsStoreOptions } from "../../src/store/fs_store.ts";
import type { Entry, ResumeRecord, Selector, StagedBody } from "../../src/store/store.ts";
import { waitUntil } from "./wait_until.ts";
import { walk } from "./walk.ts";

export interface StoreFixtureOptions extends Partial<Omit<FsStoreOptions, "events">> {
  readonly events?: Partial<VaultEvents>;
}

/** A store on a real folder. When it is disposed of, what it counts must be what lies on disk. */
export class StoreFixture implements AsyncDisposable {
  readonly root: string;
  readonly #options: StoreFixtureOptions;
  #store: ConfigurableStore;

  /** With `root`, the folder is somebody else's to remove. */
  constructor(options: StoreFixtureOptions = {}) {
    this.#options = options;
    this.root = options.root ?? Deno.makeTempDirSync({ prefix: "vault-test-" });
    this.#store = this.#open({});
  }

  get store(): ConfigurableStore {
    return this.#store;
  }

  /** Ends the store and starts another one on the same folder. */
  async restart(options: StoreFixtureOptions = {}): Promise<void> {
    await this.checkUsage();
    await this.restartAfter(() => {}, options);
  }

  /** The same, with something done to the folder in between. */
  async restartAfter(change: () => void, options: StoreFixtureOptions = {}): Promise<void> {
    await this.#store.close();
    change();
    this.#store = this.#open(options);
  }

  /** Stages `body` without a word about it. Throws where there is no room. */
  async stage(selector: Selector, body: Uint8Array): Promise<StagedBody> {
    const staged = await this.store.stage(selector);
    assert.ok(await staged.reserve(body.byteLength), "no room");
    writeStaged(staged, body);
    return staged;
  }

  /** Stages and commits. */
  async put(selector: Selector, body: Uint8Array, overrides: Partial<Entry> = {}): Promise<Entry> {
    const entry = entryOf(selector, body, overrides);
    await this.store.commit(await this.stage(selector, body), entry);
    return entry;
  }

  /** The body of what answers this selector; null for a miss. */
  read(selector: Selector): Uint8Array | null {
    const entry = this.store.find(selector);
    return entry && readBody(this, entry);
  }

  blobPath(sha256: string): string {
    return `${this.root}/blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
  }

  /** Resolves when what the store counts is what lies on disk. Nothing may be reserved and not written. */
  async checkUsage(): Promise<void> {
    const counted = () => this.store.usedBytes() === this.bytesOnDisk();
    await waitUntil("the store counts what lies on disk", counted, 5000);
  }

  /** Blobs and staged bodies. */
  bytesOnDisk(): number {
    const blobs = walk(`${this.root}/blobs`).map((path) => `blobs/${path}`);
    const staged = walk(`${this.root}/staging`).map((path) => `staging/${path}`);
    return [...blobs, ...staged.filter((path) => path.endsWith(".part"))]
      .reduce((sum, path) => sum + sizeOf(`${this.root}/${path}`), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.checkUsage();
    } finally {
      await this.#store.close();
      if (this.#options.root === undefined) await Deno.remove(this.root, { recursive: true });
    }
  }

  #open(more: StoreFixtureOptions): ConfigurableStore {
    const options = { ...this.#options, ...more };
    return createFsStore({
      ...{ maxBytes: null, minFreeBytes: 0, memoryBytes: 0, log: noLog },
      ...options,
      root: this.root,
      events: { ...noEvents, ...options.events },
    });
  }
}

export function selectorOf(key: string, requestHeaders: HeaderList = []): Selector {
  return { backend: "test", key, requestHeaders };
}

export function entryOf(selector: Selector, body: Uint8Array, overrides: Partial<Entry> = {}): Entry {
  const { backend, key } = selector;
  const now = Date.now();
  return {
    ...{ backend, key, sha256: sha256Of(body), sizeBytes: body.byteLength, headers: [["etag", '"1"']] },
    ...{ url: `http://127.0.0.1${key}`, storedAt: now, validatedAt: now, generatedAt: now, freshUntil: 0 },
    ...{ selectedBy: [], ...overrides },
  };
}

/** The record of a body whose first bytes are `stored`, out of `sizeBytes`. */
export function recordOf(selector: Selector, stored: Uint8Array, overrides: Partial<ResumeRecord> = {}): ResumeRecord {
  return {
    ...selector,
    ...{ url: "http://127.0.0.1/", validator: '"1"', sizeBytes: stored.byteLength + 1000 },
    ...{ storedBytes: stored.byteLength, sha256: sha256Of(stored), ...overrides },
  };
}

export function writeStaged(staged: StagedBody, body: Uint8Array, offset = 0): void {
  using file = staged.openWriter(offset);
  for (let at = 0; at < body.byteLength;) at += file.writeSync(body.subarray(at));
  staged.wrote(body.byteLength);
}

export function readStaged(staged: StagedBody, offset = 0): Uint8Array {
  using file = staged.openReader(offset);
  return readAll(file);
}

/** Null where it is gone or damaged. */
export function readBody(fixture: StoreFixture, entry: Entry): Uint8Array | null {
  const body = fixture.store.openBody(entry);
  if (body === null) return null;
  if (body.kind === "bytes") return body.bytes;
  body.file.close();
  return Deno.readFileSync(fixture.blobPath(entry.sha256));
}

export function sha256Of(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

/** `length` bytes that differ from seed to seed. */
export function bytesOf(seed: string, length = 1000): Uint8Array<ArrayBuffer> {
  const block = createHash("sha256").update(seed).digest();
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = block[at % 32]! ^ (at >> 5);
  return bytes;
}

/** Keeps what it is told, as `LEVEL message`. */
export function createRecordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, debugs: true, debug: at("DEBUG"), info: at("INFO"), warning: at("WARNING"), error: at("ERROR") };
}

/** A body may be on its way from one place to the other. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

function readAll(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(file.statSync().size);
  const from = file.seekSync(0, Deno.SeekMode.Current);
  let at = 0;
  for (let read; at < bytes.byteLength && (read = file.readSync(bytes.subarray(at))) !== null;) at += read;
  assert.ok(from + at >= bytes.byteLength);
  return bytes.subarray(0, at);
}
