import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { shownBodies } from "../observe/shown_count.ts";
import type { BlobUsage } from "./blob_usage.ts";
import type { FsLayout } from "./fs_layout.ts";
import { isStillUnused, RemovableBodies, type RemovalRules } from "./removable.ts";
import type { Sleep } from "./scrub_pace.ts";
import type { Spared } from "./spared.ts";

export interface RetentionOptions extends Omit<RemovalRules, "spares"> {
  /** For tests: how time passes between two passes. */
  readonly sleep?: Sleep;
}

export interface RetainerDeps {
  readonly blobUsage: BlobUsage;
  readonly log: Log;
  /** Finds the blobs that are never removed. Where it throws, nothing is removed. */
  readonly spared: (signal: AbortSignal) => Promise<Spared>;
  /** Called after bodies were removed. */
  readonly removed: (blobs: number, bytes: number) => void;
  readonly sleep: Sleep;
}

/** A start has more urgent things to do. */
const firstAfterMs = 10 * 60_000;
const everyMs = 24 * 3_600_000;

/**
 * Removes bodies that nobody has asked for in as long as the retention of their backends allows, once a day. Pinned
 * ones stay, and those that could not be fetched again.
 */
export class Retainer {
  readonly #layout: FsLayout;
  readonly #rules: RetentionOptions;
  readonly #deps: RetainerDeps;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(layout: FsLayout, rules: RetentionOptions, deps: RetainerDeps) {
    this.#layout = layout;
    this.#rules = rules;
    this.#deps = deps;
    this.#running = this.#run();
  }

  /** Stops a pass under way, and waits for it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { log, sleep } = this.#deps;
    await sleep(firstAfterMs, signal);
    while (!signal.aborted) {
      await this.#pass().catch((error) => log.warning(`Cannot remove what is unused: ${messageOf(error)}`));
      if (!signal.aborted) await sleep(everyMs, signal);
    }
  }

  async #pass(): Promise<void> {
    const { signal } = this.#abort;
    const { blobUsage, log } = this.#deps;
    const spared = await this.#deps.spared(signal);
    const spares = (sha256: string) => spared.isSpared(sha256);
    const found = await RemovableBodies.find(this.#layout, { ...this.#rules, spares }, { signal });
    let [blobs, bytes] = [0, 0];
    for (const body of found?.inOrder() ?? []) {
      if (signal.aborted) break;
      if (!isStillUnused(this.#layout, body) || !await blobUsage.remove(body.sha256, body.sizeBytes)) continue;
      blobs += 1;
      bytes += body.sizeBytes;
    }
    if (blobs === 0) return;
    log.info(
      `Removed ${shownBodies(blobs)}, ${shownBytes(bytes)}, that nobody has asked for in as long as retention allows`,
    );
    this.#deps.removed(blobs, bytes);
  }
}
