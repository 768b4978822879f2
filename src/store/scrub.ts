import { messageOf } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { shownBodies } from "../observe/shown_count.ts";
import { eachBlob, isBodyName } from "./blob_scan.ts";
import type { Blobs } from "./blobs.ts";
import { replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { hashBody, restoreLastUse } from "./hash_body.ts";
import { fileOrNull } from "./regular_files.ts";
import { isDue, type Pass, readPass } from "./scrub_pass.ts";
import { ScrubPace, type Sleep } from "./scrub_pace.ts";
import { identityOf } from "./verified_files.ts";

export interface ScrubOptions {
  /** A pass over all bodies begins so long after the previous one began. */
  readonly everyMs: number;
  readonly bytesPerSecond: number;
  /** For tests: how time passes. */
  readonly sleep?: Sleep;
}

export interface ScrubberDeps {
  readonly blobs: Blobs;
  readonly log: Log;
  readonly events: VaultEvents;
  /** A path for a small file that is about to be renamed into place. */
  readonly temporary: () => string;
  readonly offline: boolean;
  /** True while clients are being served. */
  readonly isBusy: () => boolean;
}

/** The progress of a pass is written to disk at most this often. */
const saveEveryMs = 10_000;
/** The longest single wait for the next pass: the clock may be corrected meanwhile. */
const longestWaitMs = 3_600_000;
/** Hashing this much takes less than a millisecond. */
const sliceBytes = 256 * 1024;

/**
 * Compares every body with its digest in the background, slowly, over and over. The progress is written to disk, so
 * that a restart resumes the pass; where that cannot be written, the pass begins anew.
 */
export class Scrubber {
  readonly #layout: FsLayout;
  readonly #everyMs: number;
  readonly #deps: ScrubberDeps;
  readonly #pace: ScrubPace;
  readonly #abort = new AbortController();
  readonly #buffer = new Uint8Array(sliceBytes);
  readonly #running: Promise<void>;
  #savedAt = -Infinity;

  constructor(layout: FsLayout, { everyMs, bytesPerSecond, sleep }: ScrubOptions, deps: ScrubberDeps) {
    this.#layout = layout;
    this.#everyMs = everyMs;
    this.#deps = deps;
    const { isBusy } = deps;
    this.#pace = new ScrubPace({ bytesPerSecond, isBusy, sleep, signal: this.#abort.signal });
    this.#running = this.#run().catch((error) =>
      deps.log.warning(`Cannot verify the bodies in the cache: ${messageOf(error)}`)
    );
  }

  /** Stops and writes the progress to disk. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let pass = readPass(this.#layout.scrub);
    if (pass === null) {
      // Nothing has been verified yet, and nothing is old yet as far as is known.
      pass = { startedAt: Date.now(), endedAt: 0, after: "", bodies: 0, bytes: 0, damaged: 0 };
      if (!this.#deps.offline) await this.#save(pass);
    } else if (pass.endedAt) this.#deps.events.scrubEnded(pass.endedAt);
    while (!signal.aborted) {
      if (pass.endedAt === null) await this.#resume(pass);
      else if (isDue(pass, this.#everyMs)) {
        pass = { startedAt: Date.now(), endedAt: null, after: "", bodies: 0, bytes: 0, damaged: 0 };
      } else await this.#pace.sleep(Math.min(longestWaitMs, pass.startedAt + this.#everyMs - Date.now()));
    }
  }

  /** Verifies the bodies that the pass has not reached. */
  async #resume(pass: Pass): Promise<void> {
    const { signal } = this.#abort;
    const { log, events } = this.#deps;
    await eachBlob(this.#layout, async (sha256, info) => {
      if (!isBodyName(sha256)) return;
      const isSound = await this.#verify(sha256, info);
      if (isSound === null && signal.aborted) return;
      pass.after = sha256;
      if (isSound === null) return;
      pass.bodies += 1;
      pass.bytes += info.size;
      if (!isSound) pass.damaged += 1;
      if (performance.now() - this.#savedAt >= saveEveryMs) await this.#save(pass);
    }, { signal, after: pass.after });
    if (signal.aborted) return await this.#save(pass);
    pass.endedAt = Date.now();
    await this.#save(pass);
    events.scrubEnded(pass.endedAt);
    const summary = `Verified ${shownBodies(pass.bodies)} in the cache, ${shownBytes(pass.bytes)}`;
    if (pass.damaged === 0) log.info(`${summary}: all are sound`);
    else log.warning(`${summary}: ${pass.damaged} were damaged`);
  }

  /** True for a body with the right bytes; null where it is gone, was replaced, or cannot be opened. */
  async #verify(sha256: string, info: Deno.FileInfo): Promise<boolean | null> {
    const path = this.#layout.blob(sha256);
    const usedAt = this.#deps.blobs.usedAt(sha256);
    const actual = await this.#hash(path);
    const after = fileOrNull(path);
    if (actual === null || after === null || identityOf(after) !== identityOf(info)) return null;
    const isUnused = this.#deps.blobs.usedAt(sha256) === usedAt;
    if (isUnused && after.atime?.getTime() !== info.atime?.getTime()) restoreLastUse(path, info);
    const isSound = actual === sha256;
    this.#deps.blobs.settle({ sha256, sizeBytes: info.size, file: identityOf(info), isSound });
    return isSound;
  }

  /** The SHA-256 of a file, or "broken" where the disk has an error; null where it cannot be read. */
  async #hash(path: string): Promise<string | null> {
    const hashed = await hashBody(path, {
      ...{ buffer: this.#buffer, signal: this.#abort.signal },
      opened: () => this.#pace.opened(),
      read: (bytes) => this.#pace.read(bytes),
    });
    if (hashed.kind === "hashed") return hashed.sha256;
    const isGone = hashed.error instanceof Deno.errors.NotFound;
    if (!isGone && !this.#abort.signal.aborted) {
      this.#deps.log.warning(`Cannot read "${path}": ${messageOf(hashed.error)}`);
    }
    return hashed.kind === "broken" ? "broken" : null;
  }

  /** On a read-only medium a pass that was interrupted begins anew. */
  async #save(pass: Pass): Promise<void> {
    this.#savedAt = performance.now();
    await replaceFile(this.#layout.scrub, this.#deps.temporary(), `${JSON.stringify(pass)}\n`).catch(() => {});
  }
}
