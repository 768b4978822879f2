import type { Entry, Selector, StagedBody } from "../../src/store/store.ts";
import { entryOf, sha256Of, type StoreFixture } from "./store_fixture.ts";

/**
 * Stages a body of `sizeBytes` that takes no room on disk, where the file system knows holes. Room must be reserved.
 */
export function fillStaged(staged: StagedBody, sizeBytes: number): void {
  Deno.truncateSync(staged.path, sizeBytes);
  staged.wrote(sizeBytes);
}

/** Stages such a body. Throws where there is no room. */
export async function stageLarge(fixture: StoreFixture, selector: Selector, sizeBytes: number): Promise<StagedBody> {
  const staged = await fixture.store.stage(selector);
  if (!await staged.reserve(sizeBytes)) throw new Error(`No room for ${sizeBytes} bytes`);
  fillStaged(staged, sizeBytes);
  return staged;
}

/** The entry of a large body. It is named by its key, not by its bytes. */
export function largeEntry(selector: Selector, sizeBytes: number): Entry {
  return entryOf(selector, new Uint8Array(), { sizeBytes, sha256: sha256Of(new TextEncoder().encode(selector.key)) });
}

/** Keeps a large body, as last used `daysAgo`. */
export async function putLarge(
  fixture: StoreFixture,
  selector: Selector,
  { sizeBytes, daysAgo = 0 }: { sizeBytes: number; daysAgo?: number },
): Promise<Entry> {
  const entry = largeEntry(selector, sizeBytes);
  await fixture.store.commit(await stageLarge(fixture, selector, sizeBytes), entry);
  const lastUse = new Date(Date.now() - daysAgo * 86_400_000);
  Deno.utimeSync(fixture.blobPath(entry.sha256), lastUse, lastUse);
  return entry;
}

/** While it lives, files that are removed off the main thread stay until `release` is called. */
export class HeldRemovals implements Disposable {
  readonly #real = Deno.remove;
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();

  constructor() {
    Deno.remove = async (path, options) => {
      this.#reached.resolve();
      await this.#released.promise;
      await this.#real(path, options);
    };
  }

  /** Resolves when something is to be removed. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  release(): void {
    this.#released.resolve();
  }

  [Symbol.dispose](): void {
    this.release();
    Deno.remove = this.#real;
  }
}

/** Whether `promise` is still pending after all that can go on without it has gone on for a while. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  promise.then(() => pending = false, () => pending = false);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  return pending;
}
