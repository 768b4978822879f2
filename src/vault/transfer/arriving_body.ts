import type { Fetchable } from "../../artifact.ts";
import { givenDigest } from "../identity.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { hasAmbiguousLength, keepHeaders } from "../../http/headers.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { StagedBody, Store, Version } from "../../store/store.ts";
import { algorithmsFor, type Beginning } from "./first_response.ts";
import { Checkpoints } from "./checkpoints.ts";
import { assess, type Assessment } from "../freshness.ts";
import { GrowingFile } from "./growing_file.ts";
import type { BodyProgress } from "./status.ts";
import type { Hashing } from "../hashing/hashing.ts";
import type { HashedSoFar, RunningHash } from "../hashing/running_hash.ts";
import { checkDocument } from "../documents/check_document.ts";
import type { MadeReadings } from "../documents/made_readings.ts";
import { recordKeyByDigest } from "../key_by_digest.ts";
import { redirectedTo } from "../asking/redirected_to.ts";

/** For so much of a body of known size there is room before its first byte comes. */
const firstRoomBytes = 2 * 1024 * 1024;
const checkedChunkBytes = 256 * 1024;

export type BodyBeginning = Extract<Beginning, { kind: "body" }>;

export interface ArrivingBodyDeps {
  readonly store: Store;
  readonly made: MadeReadings;
  readonly hashing: Hashing;
  readonly events: VaultEvents;
  readonly log: Log;
  /** The body will not be kept: later requests cannot join. */
  readonly onUnstored: () => void;
  readonly onFollowerLeft: () => void;
}

/**
 * What becomes of a body that arrives: a growing file, its hash, its checkpoints, and in the end its place in the
 * store.
 */
export class ArrivingBody {
  /** With the digest that upstream announced, if it was not known before. */
  readonly artifact: Fetchable;
  readonly file: GrowingFile;
  readonly beginning: BodyBeginning;
  /** False where upstream forbids a shared cache to keep it. */
  readonly storable: boolean;
  /** What upstream said of it, in its first response or when it was last asked about it. */
  version: Version;
  /** Settles when a transfer of a newer version has ended; null where there is none. */
  newer: Promise<void> | null = null;
  readonly checkpoints: Checkpoints | null;
  readonly #deps: ArrivingBodyDeps;
  readonly #staged: StagedBody | null;
  readonly #hash: RunningHash | null;
  readonly #startedAt = performance.now();
  /** It is complete, is not kept, and goes when its last follower does. */
  #spent = false;
  /** It is not what it should be: nothing can go on from its bytes. */
  #refused = false;
  #sha256: string | undefined;

  /**
   * Finds a place on disk, or none where there is no room or upstream forbids keeping it: it is then only passed on.
   */
  static async create(artifact: Fetchable, beginning: BodyBeginning, deps: ArrivingBodyDeps): Promise<ArrivingBody> {
    const assessment = assessWithLength(artifact, beginning.answer.response.headers);
    const { objection } = assessment;
    if (objection !== null) deps.log.debug(`${notKeeping(artifact)}: ${objection}`);
    const staged = beginning.resumed?.staged ??
      (assessment.storable ? await stage(artifact, beginning.sizeBytes, deps) : null);
    return new ArrivingBody(artifact, beginning, { ...deps, assessment, staged });
  }

  private constructor(
    artifact: Fetchable,
    beginning: BodyBeginning,
    deps: ArrivingBodyDeps & { assessment: Assessment; staged: StagedBody | null },
  ) {
    const { staged, assessment, hashing } = deps;
    const { answer, sizeBytes, resumed, validator } = beginning;
    this.artifact = artifact;
    this.#deps = deps;
    this.#staged = staged;
    this.beginning = beginning;
    this.storable = assessment.storable;
    this.version = versionOf(artifact, beginning, assessment);
    this.#hash = resumed?.hash ?? hashFor(artifact, { staged, sizeBytes, hashing });
    this.file = new GrowingFile({
      ...{ staged, sizeBytes, hash: this.#hash, gated: artifact.identity.kind === "digest" },
      patienceMs: answer.candidate.idleTimeoutMs,
      onFollowerLeft: () => {
        deps.onFollowerLeft();
        this.#discardWhenLeft();
      },
    });
    this.file.storingStopped.then((cause) => {
      if (cause !== null) reportUnstored(artifact, cause, deps);
    });
    this.checkpoints = staged && this.#hash && this.resumable
      ? new Checkpoints({
        ...{ artifact, validator, file: this.file, staged, hash: this.#hash, log: deps.log },
        url: answer.candidate.url,
      })
      : null;
  }

  /**
   * Whether a broken connection can be gone on with. Where the size is not known, nothing tells where the body stands.
   */
  get resumable(): boolean {
    const { sizeBytes, validator } = this.beginning;
    return sizeBytes !== null && (validator !== null || this.artifact.identity.kind === "digest");
  }

  /** Whether upstream is known to honour ranges of this very body. */
  get segmentable(): boolean {
    const { status, headers } = this.beginning.answer.response;
    return this.resumable && (status === 206 || headers.get("accept-ranges") === "bytes");
  }

  /** The bytes that are here, and for how long upstream has been sending them. */
  progress(): BodyProgress {
    const { receivedBytes, sizeBytes } = this.file;
    const resumedBytes = this.beginning.resumed ? this.beginning.start : 0;
    return { receivedBytes, sizeBytes, resumedBytes, elapsedMs: performance.now() - this.#startedAt };
  }

  /** Of the whole body, in hex; undefined before its last bytes are released, and where it is not kept. */
  get sha256(): string | undefined {
    return this.#sha256;
  }

  get complete(): boolean {
    return this.file.sizeBytes !== null && this.file.receivedBytes >= this.file.sizeBytes;
  }

  /**
   * Checks the body that is all there, releases its last bytes, and keeps it. Throws `digest_mismatch`, and as
   * the check of the document, with nothing released; a body that cannot be kept is no error. `released` is called in between.
   */
  async finish(released: () => void): Promise<"stored" | "unstored"> {
    await this.file.flush();
    const hashed = await this.#check();
    const sha256 = this.file.storing ? hashed?.digests.sha256 : undefined;
    if (this.#staged && sha256) await this.#lookInto(this.#staged, sha256);
    this.file.markWhole();
    this.#sha256 = sha256;
    released();
    const stored = this.#staged && sha256 ? await this.#commit(this.#staged, sha256) : false;
    if (stored) {
      this.#hash?.close();
      return "stored";
    }
    this.#spent = true;
    await this.#discardWhenLeft();
    return "unstored";
  }

  /** Gives up, keeping the bytes for the next transfer where it can go on with them. Every follower's stream errors. */
  async fail(failure: VaultError): Promise<void> {
    this.file.fail(failure);
    await this.file.flush();
    const useless = this.#refused || failure.code === "digest_mismatch" || failure.code === "upstream_changed";
    const parkedBytes = !useless && this.file.storing && await this.checkpoints?.park();
    if (!parkedBytes) return await this.#discard();
    this.file.closeWriters();
    const extent = { bytes: parkedBytes, algorithms: algorithmsFor(this.artifact) };
    this.#deps.hashing.kept.keep(this.#staged!.path, this.#hash!, extent);
  }

  /** Followers may still be reading what is on disk. */
  async #discardWhenLeft(): Promise<void> {
    if (this.#spent && this.file.followers === 0) await this.#discard();
  }

  async #discard(): Promise<void> {
    await this.checkpoints?.stop();
    this.file.closeWriters();
    this.#staged?.discard();
    this.#hash?.close();
  }

  /** The digests of the whole body, compared with the expected one; null where nothing needs them. */
  async #check(): Promise<HashedSoFar | null> {
    const { file } = this;
    const expected = givenDigest(this.artifact.identity);
    if (!this.#hash || (!file.storing && !expected)) return null;
    file.hashStored();
    const hashed = await this.#hash.digests();
    if (hashed.bytes !== file.sizeBytes) {
      throw new VaultError(
        "storage_failed",
        `Cannot check a download: ${hashed.bytes} of ${file.sizeBytes} bytes hashed`,
      );
    }
    const found = expected && hashed.digests[expected.algorithm];
    if (!expected || found === expected.hex) return hashed;
    this.#deps.events.digestMismatched(this.artifact.backend);
    const url = redactUrl(this.beginning.answer.candidate.url);
    throw new VaultError(
      "digest_mismatch",
      `"${url}" sent the wrong bytes: their ${expected.algorithm} is ${found}, expected ${expected.hex}`,
    );
  }

  /** Before anybody has the document: who has it may ask for it by its digest. */
  async #lookInto(staged: StagedBody, sha256: string): Promise<void> {
    const sizeBytes = this.file.sizeBytes!;
    const { url, location, headers } = this.version;
    const stream = () => beginningOf(staged.openReader(0), sizeBytes);
    const read = () => new Response(stream()).bytes();
    const document = { sha256, sizeBytes, headers, url, location, read, stream };
    const check = this.artifact.document?.check;
    if (check) {
      this.#refused = true;
      await checkDocument(check, document, this.#deps.made);
      this.#refused = false;
    }
    await recordKeyByDigest(this.artifact, document, this.#deps);
  }

  /** Whether a newer version was kept while this one was arriving. */
  async #isReplaced(): Promise<boolean> {
    if (this.newer === null) return false;
    await this.newer;
    const held = this.#deps.store.find(this.artifact);
    return held !== null && held.validatedAt > this.version.validatedAt;
  }

  async #commit(staged: StagedBody, sha256: string): Promise<boolean> {
    const { backend, key } = this.artifact;
    const sizeBytes = this.file.sizeBytes!;
    if (await this.#isReplaced()) {
      this.#deps.log.debug(`${notKeeping(this.artifact)}: a newer version was kept meanwhile`);
      return false;
    }
    this.file.closeWriters();
    await this.checkpoints?.stop();
    try {
      await this.#deps.store.commit(staged, { ...this.version, sha256, sizeBytes, storedAt: Date.now() });
    } catch (error) {
      reportUnstored(this.artifact, error, this.#deps);
      return false;
    }
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const rate = (sizeBytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1);
    this.#deps.log.info(`Transfer complete ${backend} ${key} ${sizeBytes} bytes ${seconds.toFixed(3)} s ${rate} MB/s`);
    return true;
  }
}

function versionOf(artifact: Fetchable, { answer }: BodyBeginning, assessment: Assessment): Version {
  const { backend, key } = artifact;
  const { freshUntil, generatedAt, selectedBy } = assessment;
  const now = Date.now();
  return {
    ...{ backend, key, url: redactUrl(answer.candidate.url), location: redirectedTo(answer) },
    headers: keepHeaders(answer.response.headers).filter(([name]) => name !== "content-range"),
    ...{ storedAt: now, validatedAt: now, freshUntil, generatedAt, selectedBy },
  };
}

/** The first bytes of a file, which is closed at their end. */
function beginningOf(file: Deno.FsFile, sizeBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = sizeBytes;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(left, checkedChunkBytes));
      const read = left === 0 ? null : await file.read(buffer);
      left -= read ?? left;
      if (read !== null) return controller.enqueue(buffer.subarray(0, read));
      file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

/** A body whose length is ambiguous is stored only where its digest tells that it is whole. */
function assessWithLength(artifact: Fetchable, headers: Headers): Assessment {
  const assessment = assess(artifact, headers, Date.now());
  const doubtful = hasAmbiguousLength(headers) && artifact.identity.kind !== "digest";
  const objection = "its Content-Length is not certain, and no digest tells whether it is whole";
  return doubtful ? { ...assessment, storable: false, objection } : assessment;
}

async function stage(
  artifact: Fetchable,
  sizeBytes: number | null,
  deps: ArrivingBodyDeps,
): Promise<StagedBody | null> {
  let staged: StagedBody | null = null;
  try {
    staged = await deps.store.stage(artifact);
    if (sizeBytes === null || await staged.reserve(Math.min(sizeBytes, firstRoomBytes), sizeBytes)) return staged;
    throw new VaultError("cache_full", `no room for ${sizeBytes} bytes within the limits of the cache`);
  } catch (error) {
    staged?.discard();
    reportUnstored(artifact, error, deps);
    return null;
  }
}

function hashFor(
  artifact: Fetchable,
  { staged, sizeBytes, hashing }: { staged: StagedBody | null; sizeBytes: number | null; hashing: Hashing },
): RunningHash | null {
  if (staged) return hashing.follow(staged.path, sizeBytes, algorithmsFor(artifact));
  return artifact.identity.kind === "digest" ? hashing.inline([artifact.identity.digest.algorithm]) : null;
}

function reportUnstored(artifact: Fetchable, cause: unknown, deps: ArrivingBodyDeps): void {
  deps.events.storeFailed(artifact.backend);
  // The store says why there is no room, and not for each body.
  const level = cause instanceof VaultError && cause.code === "cache_full" ? "info" : "error";
  deps.log[level](`${notKeeping(artifact)}: ${messageOf(cause)}`);
  deps.onUnstored();
}

function notKeeping({ backend, key }: Fetchable): string {
  return `Not storing ${backend} ${key}, only passing it on`;
}
