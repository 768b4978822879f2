import type { Artifact } from "../../artifact.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { StagedBody } from "../../store/store.ts";
import type { GrowingFile } from "./growing_file.ts";
import { inlineHashBytes } from "../hashing/hashing.ts";
import type { RunningHash } from "../hashing/running_hash.ts";

/** The time between two resume records of a transfer. */
const everyMs = 250;
/** The time between two lines about its progress, at DEBUG. */
const logEveryMs = 1000;

/** The options of checkpoints. The size of the body is known: others cannot be resumed. */
interface CheckpointOptions {
  readonly artifact: Artifact;
  readonly url: string;
  readonly validator: string | null;
  readonly file: GrowingFile;
  readonly staged: StagedBody;
  readonly hash: RunningHash;
  readonly log: Log;
}

/**
 * Records how far a transfer has come, with the hash of the bytes up to there, so that after a crash the next one
 * resumes it, and never trusts a byte that was not seen. Only the unbroken beginning of the file counts.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  #saving: Promise<number | null> | null = null;
  #savedAt = performance.now();
  #loggedAt = performance.now();
  #stopped = false;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Called on progress; cheap when it is not time yet. */
  tick(): void {
    const now = performance.now();
    if (now - this.#loggedAt > logEveryMs) this.#logProgress(now);
    if (now - this.#savedAt < everyMs || this.#saving || this.#stopped || !this.#options.file.storing) return;
    this.#savedAt = now;
    this.#saving = this.#save().finally(() => this.#saving = null);
  }

  /** Writes no more; resolves when the last write is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#saving;
  }

  /** Writes down the last state and leaves the bytes for a later transfer: how many, or null where none are left. */
  async park(): Promise<number | null> {
    await this.#saving;
    const parkedBytes = this.#stopped ? null : await this.#save();
    if (parkedBytes !== null) this.#options.staged.park();
    return parkedBytes;
  }

  /**
   * Writes a resume record, and returns how many bytes it covers; null where they are not worth it, or where that
   * failed.
   */
  async #save(): Promise<number | null> {
    const { artifact, url, validator, file, staged, hash, log } = this.#options;
    try {
      file.hashStored();
      const { bytes, digests } = await hash.digests();
      const sizeBytes = file.sizeBytes!;
      const worthIt = bytes >= inlineHashBytes && bytes <= file.storedPrefixBytes && bytes < sizeBytes;
      if (!worthIt || this.#stopped) return null;
      const { backend, key, requestHeaders } = artifact;
      const record = { backend, key, requestHeaders, url: redactUrl(url), validator, sizeBytes };
      await staged.saveRecord({ ...record, storedBytes: bytes, sha256: digests.sha256! });
      return bytes;
    } catch (error) {
      log.warning(`Cannot write down the progress of ${artifact.backend} ${artifact.key}: ${messageOf(error)}`);
      return null;
    }
  }

  #logProgress(now: number): void {
    const { artifact, file, log } = this.#options;
    this.#loggedAt = now;
    const percent = (100 * file.receivedBytes / file.sizeBytes!).toFixed(2);
    log.debug(`Transfer ${percent}% complete ${artifact.backend} ${artifact.key}`);
  }
}
