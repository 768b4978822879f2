// Hashes growing files on a thread of its own, by reading what has been written to them.
import { type DigestAlgorithm, Hasher } from "../../digest.ts";
import { messageOf } from "../../errors.ts";

/** A message to the worker; `id` names one body. */
export type HashRequest =
  | { id: number; kind: "open"; path: string; algorithms: DigestAlgorithm[] }
  | { id: number; kind: "update"; chunk: Uint8Array }
  | { id: number; kind: "advance"; toBytes: number }
  | { id: number; kind: "digests" }
  | { id: number; kind: "rest" }
  | { id: number; kind: "close" };

/** The worker's answer to `digests`. */
export type HashReply =
  | { id: number; bytes: number; digests: ReturnType<Hasher["digests"]>; error?: undefined }
  | { id: number; error: string };

type Job = Exclude<HashRequest, { kind: "open" | "close" }>;

interface Body {
  readonly id: number;
  readonly path: string;
  readonly hasher: Hasher;
  /** The jobs in the order they came; the first may be done in part. */
  readonly jobs: Job[];
  file: Deno.FsFile | null;
  failure: string | null;
}

/** The bytes of one body that are hashed before it is another's turn: about 10 ms of work. */
const sliceBytes = 4 * 1024 * 1024;

/** Hashes what is requested over a port. The module is served on a thread (`threads/thread.ts`). */
export function serve(port: MessagePort): void {
  const hashing = new BodyHashing(port);
  port.onmessage = ({ data }: MessageEvent<HashRequest>) => hashing.receive(data);
}

class BodyHashing {
  readonly #port: MessagePort;
  readonly #bodies = new Map<number, Body>();
  /** The bodies with jobs, in the order of their turns. */
  readonly #waiting = new Set<Body>();
  readonly #buffer = new Uint8Array(1024 * 1024);
  /** Messages to itself: those of the vault are received between two turns. */
  readonly #turns = new MessageChannel();

  constructor(port: MessagePort) {
    this.#port = port;
    this.#turns.port1.onmessage = () => this.#takeTurn();
  }

  receive(request: HashRequest): void {
    const { id } = request;
    if (request.kind === "open") {
      const { path, algorithms } = request;
      const body: Body = { id, path, hasher: new Hasher(algorithms), jobs: [], file: null, failure: null };
      this.#bodies.set(id, body);
      return attempt(body, () => body.file = openAt(path, 0));
    }
    const body = this.#bodies.get(id);
    if (body === undefined) return;
    if (request.kind === "close") return this.#forget(body);
    body.jobs.push(request);
    if (this.#waiting.size === 0) this.#turns.port2.postMessage(null);
    this.#waiting.add(body);
  }

  #forget(body: Body): void {
    body.file?.close();
    this.#waiting.delete(body);
    this.#bodies.delete(body.id);
  }

  /** Works on one body for a slice of its first jobs. */
  #takeTurn(): void {
    const [body] = this.#waiting;
    if (body === undefined) return;
    this.#waiting.delete(body);
    attempt(body, () => this.#work(body));
    if (body.jobs.length > 0) this.#waiting.add(body);
    if (this.#waiting.size > 0) this.#turns.port2.postMessage(null);
  }

  #work(body: Body): void {
    const upTo = body.hasher.bytes + sliceBytes;
    for (let job = body.jobs[0]; job !== undefined && body.hasher.bytes < upTo; job = body.jobs[0]) {
      if (job.kind === "advance" && body.failure === null) {
        this.#advance(body, Math.min(job.toBytes, upTo));
        if (body.hasher.bytes < job.toBytes) return;
      }
      if (job.kind === "update" && body.failure === null) body.hasher.update(job.chunk);
      if (job.kind === "digests") this.#reply(body);
      if (job.kind === "rest") rest(body);
      body.jobs.shift();
    }
  }

  #advance(body: Body, toBytes: number): void {
    const { hasher } = body;
    const buffer = this.#buffer;
    body.file ??= openAt(body.path, hasher.bytes);
    while (hasher.bytes < toBytes) {
      const read = body.file.readSync(buffer.subarray(0, Math.min(buffer.byteLength, toBytes - hasher.bytes)));
      if (read === null) throw new Error(`the staged file ends at ${hasher.bytes} of ${toBytes} bytes`);
      hasher.update(buffer.subarray(0, read));
    }
  }

  #reply({ id, hasher, failure }: Body): void {
    const reply: HashReply = failure === null
      ? { id, bytes: hasher.bytes, digests: hasher.digests() }
      : { id, error: failure };
    this.#port.postMessage(reply);
  }
}

/**
 * Takes a step, unless an earlier one has failed: then the body's other jobs do nothing, and `digests` is answered with
 * the reason.
 */
function attempt(body: Body, step: () => void): void {
  try {
    step();
  } catch (error) {
    body.failure = messageOf(error);
  }
}

function rest(body: Body): void {
  body.file?.close();
  body.file = null;
}

function openAt(path: string, offset: number): Deno.FsFile {
  const file = Deno.openSync(path);
  if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
  return file;
}
