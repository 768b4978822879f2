import type { Fetchable } from "../../artifact.ts";
import { formatDigest } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { keepHeaders } from "../../http/headers.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry, StagedBody, Version } from "../../store/store.ts";
import { redirectedTo } from "../asking/redirected_to.ts";
import { checkDocument } from "../documents/check_document.ts";
import type { Assessment } from "../freshness.ts";
import type { HashedSoFar, RunningHash } from "../hashing/running_hash.ts";
import { givenDigest } from "../identity.ts";
import { recordKeyByDigest } from "../key_by_digest.ts";
import { Checkpoints } from "./checkpoints.ts";
import { algorithmsFor, type BodyResponse } from "./first_response.ts";
import { GrowingFile } from "./growing_file.ts";
import type { TransferTools } from "./plan.ts";
import type { BodyProgress } from "./status.ts";
import { assessAnswer, notStoring, reportUnstored, stageBody } from "./stage_body.ts";

const checkedChunkBytes = 256 * 1024;

interface ArrivingBodyOptions {
  readonly artifact: Fetchable;
  readonly response: BodyResponse;
  readonly assessment: Assessment;
  readonly staged: StagedBody | null;
}

type State =
  /** Bytes come, or are being checked. */
  | { readonly kind: "arriving" }
  /** Its check has refused it: nothing can resume from its bytes. */
  | { readonly kind: "refused" }
  /** All of it has been checked; the SHA-256, in hex, is undefined where it is not stored. */
  | { readonly kind: "verified"; readonly sha256: string | undefined };

/** Opens a body that a response brings, with a place on disk; without one where it cannot or may not be stored. */
export async function openArrivingBody(
  artifact: Fetchable,
  response: BodyResponse,
  tools: TransferTools,
): Promise<ArrivingBody> {
  const assessment = assessAnswer(artifact, response.answer.response.headers);
  const { objection, storable } = assessment;
  if (objection !== null) tools.log.debug(`${notStoring(artifact)}: ${objection}`);
  const staged = response.resumed?.staged ?? (storable ? await stageBody(artifact, response.sizeBytes, tools) : null);
  return new ArrivingBody({ artifact, response, assessment, staged }, tools);
}

/** A body that arrives: a growing file, its hash, its checkpoints, and in the end its place in the store. */
export class ArrivingBody {
  /** With the digest that upstream announced, if it was not known before. */
  readonly artifact: Fetchable;
  readonly file: GrowingFile;
  readonly response: BodyResponse;
  /** False where upstream forbids a shared cache to store it. */
  readonly storable: boolean;
  /** The description from upstream's headers, as of the last time it was asked. */
  version: Version;
  /** Resolves when a transfer of a newer version has ended; null where there is none. */
  newer: Promise<void> | null = null;
  readonly checkpoints: Checkpoints | null;
  readonly #tools: TransferTools;
  readonly #staged: StagedBody | null;
  readonly #hash: RunningHash | null;
  readonly #startedAt = performance.now();
  #state: State = { kind: "arriving" };

  constructor({ artifact, response, assessment, staged }: ArrivingBodyOptions, tools: TransferTools) {
    const { answer, sizeBytes, resumed, validator } = response;
    const { log } = tools;
    const { url, idleTimeoutMs: patienceMs } = answer.candidate;
    const gated = artifact.identity.kind === "digest";
    const hash = resumed?.hash ?? hashFor(artifact, { staged, sizeBytes }, tools);
    const file = new GrowingFile({ staged, sizeBytes, hash, gated, patienceMs });
    file.storingStopped.then((cause) => {
      if (cause !== null) reportUnstored(artifact, cause, tools);
    });
    this.artifact = artifact;
    this.response = response;
    this.storable = assessment.storable;
    this.version = versionOf(artifact, response, assessment);
    this.file = file;
    this.#tools = tools;
    this.#staged = staged;
    this.#hash = hash;
    this.checkpoints = staged && hash && this.resumable
      ? new Checkpoints({ artifact, url, validator, file, staged, hash, log })
      : null;
  }

  /** True if an interrupted connection can be resumed. Without a size, nothing tells where the body stands. */
  get resumable(): boolean {
    const { sizeBytes, validator } = this.response;
    return sizeBytes !== null && (validator !== null || this.file.gated);
  }

  /** True if upstream is known to honour ranges of this very body. */
  get segmentable(): boolean {
    const { status, headers } = this.response.answer.response;
    return this.resumable && (status === 206 || headers.get("accept-ranges") === "bytes");
  }

  /** The bytes that are here, and for how long upstream has been sending them. */
  progress(): BodyProgress {
    const { receivedBytes, sizeBytes, silentMs } = this.file;
    const resumedBytes = this.response.resumed ? this.response.start : 0;
    return { receivedBytes, sizeBytes, resumedBytes, silentMs, elapsedMs: performance.now() - this.#startedAt };
  }

  /** The SHA-256 in hex; undefined until the whole body is verified, and where it is not stored. */
  get sha256(): string | undefined {
    return this.#state.kind === "verified" ? this.#state.sha256 : undefined;
  }

  get allReceived(): boolean {
    return this.file.sizeBytes !== null && this.file.receivedBytes >= this.file.sizeBytes;
  }

  /**
   * Checks the body that has come, releases its last bytes, and stores it. Throws `digest_mismatch`, and as the check
   * of the document does, with nothing released; a body that cannot be stored is no error. Calls `released` in between.
   */
  async verifyAndCommit(released: () => void): Promise<"stored" | "unstored"> {
    await this.file.flush();
    const hashed = await this.#check();
    const sha256 = this.file.storing ? hashed?.digests.sha256 : undefined;
    if (this.#staged && sha256) await this.#checkContent(this.#staged, sha256);
    this.file.markWhole();
    this.#state = { kind: "verified", sha256 };
    released();
    if (this.#staged && sha256 && await this.#commit(this.#staged, sha256)) {
      this.#hash?.close();
      return "stored";
    }
    const discarded = this.#discardOnceRead();
    if (this.file.followers === 0) await discarded;
    return "unstored";
  }

  /** Gives up, and parks the bytes where the next transfer can resume from them. Every follower's stream errors. */
  async fail(failure: VaultError): Promise<void> {
    this.file.fail(failure);
    await this.file.flush();
    const isUseless = this.#state.kind === "refused" || failure.code === "digest_mismatch" ||
      failure.code === "upstream_changed";
    const parkedBytes = !isUseless && this.file.storing && await this.checkpoints?.park();
    if (!parkedBytes || !this.#staged || !this.#hash) return await this.#discard();
    this.file.closeWriters();
    const extent = { bytes: parkedBytes, algorithms: algorithmsFor(this.artifact) };
    this.#tools.hashing.kept.keep(this.#staged.path, this.#hash, extent);
  }

  /** Followers may still be reading what is on disk. */
  async #discardOnceRead(): Promise<void> {
    while (this.file.followers > 0) await this.file.changed();
    await this.#discard();
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
    this.#tools.events.digestMismatched(this.artifact.backend);
    const url = redactUrl(this.response.answer.candidate.url);
    throw new VaultError(
      "digest_mismatch",
      `"${url}" sent the wrong bytes: their ${expected.algorithm} is ${found}, expected ${expected.hex}`,
    );
  }

  /** This happens before any client has the document, since it may then ask for it by its digest. */
  async #checkContent(staged: StagedBody, sha256: string): Promise<void> {
    const sizeBytes = this.file.sizeBytes!;
    const { url, location, headers } = this.version;
    const stream = () => beginningOf(staged.openReader(0), sizeBytes);
    const read = () => new Response(stream()).bytes();
    const document = { sha256, sizeBytes, headers, url, location, read, stream };
    const check = this.artifact.document?.check;
    try {
      if (check) await checkDocument(check, document, this.#tools.made);
    } catch (error) {
      this.#state = { kind: "refused" };
      throw error;
    }
    await recordKeyByDigest(this.artifact, document, this.#tools);
  }

  /** Says whether a newer version was stored while this one was arriving. */
  async #isReplaced(): Promise<boolean> {
    if (this.newer === null) return false;
    await this.newer;
    const held = this.#tools.store.find(this.artifact);
    return held !== null && held.validatedAt > this.version.validatedAt;
  }

  async #commit(staged: StagedBody, sha256: string): Promise<boolean> {
    const { backend, key } = this.artifact;
    const sizeBytes = this.file.sizeBytes!;
    if (await this.#isReplaced()) {
      this.#tools.log.debug(`${notStoring(this.artifact)}: a newer version was kept meanwhile`);
      return false;
    }
    this.file.closeWriters();
    await this.checkpoints?.stop();
    try {
      const checked = checkedDigestOf(this.artifact);
      await this.#tools.store.commit(staged, { ...this.version, sha256, sizeBytes, storedAt: Date.now(), ...checked });
    } catch (error) {
      reportUnstored(this.artifact, error, this.#tools);
      return false;
    }
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const rate = (sizeBytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1);
    this.#tools.log.info(`Transfer complete ${backend} ${key} ${sizeBytes} bytes ${seconds.toFixed(3)} s ${rate} MB/s`);
    return true;
  }
}

function versionOf(artifact: Fetchable, { answer }: BodyResponse, assessment: Assessment): Version {
  const { backend, key } = artifact;
  const { freshUntil, generatedAt, selectedBy } = assessment;
  const now = Date.now();
  return {
    backend,
    key,
    url: redactUrl(answer.candidate.url),
    location: redirectedTo(answer),
    headers: keepHeaders(answer.response.headers).filter(([name]) => name !== "content-range"),
    storedAt: now,
    validatedAt: now,
    freshUntil,
    generatedAt,
    selectedBy,
  };
}

/** What the entry has to say of the digest: the SHA-256 is its name anyway. */
function checkedDigestOf({ identity }: Fetchable): Pick<Entry, "checkedDigest"> {
  const digest = givenDigest(identity);
  return digest === null || digest.algorithm === "sha256" ? {} : { checkedDigest: formatDigest(digest) };
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

/** Null where nothing needs the digests. */
function hashFor(
  artifact: Fetchable,
  { staged, sizeBytes }: { readonly staged: StagedBody | null; readonly sizeBytes: number | null },
  { hashing }: TransferTools,
): RunningHash | null {
  if (staged) return hashing.follow(staged.path, sizeBytes, algorithmsFor(artifact));
  const digest = givenDigest(artifact.identity);
  return digest && hashing.inline([digest.algorithm]);
}
