import { createHash } from "node:crypto";
import { messageOf, VaultError } from "../errors.ts";
import { DigestSet } from "../store/digest_set.ts";
import type { Expansion, VaultClient, WarmDocument, WarmRequest, WarmSettings, WarmSource } from "../warming.ts";
import { parseLine } from "./line.ts";
import type { ListedLine } from "./list.ts";
import { type Answered, answeredAhead, answeredByError, type Outcome, readAnswer } from "./outcome.ts";
import { Slots } from "./slots.ts";

/** What a run reports while it goes on. */
export interface WarmEvents {
  /** Called once for each request, before anything else about it. */
  found(request: WarmRequest): void;
  /** Called as the bytes of bodies arrive. */
  received(bytes: number): void;
  /** `at` is the place of the line that meant the request first, as in `ListedLine`. */
  ended(request: WarmRequest, outcome: Outcome, at: string | null): void;
  /** A line of a list could not be turned into requests, or not into all. */
  lineFailed(line: ListedLine, reason: string): void;
  note(message: string): void;
  /** Called with what else is being done, such as `working out dependencies`; null once that is over. */
  doing?(what: string | null): void;
}

export interface WarmOptions {
  readonly client: VaultClient;
  readonly sources: readonly WarmSource[];
  readonly settings: WarmSettings;
  /** The number of requests at once. */
  readonly jobs: number;
  /** True asks what there is and how large it is; only documents are fetched. */
  readonly dryRun: boolean;
  readonly events: WarmEvents;
  readonly signal: AbortSignal;
}

/** Lines of lists, which are read as they are needed. */
export type ListedLines = Iterable<ListedLine> | AsyncIterable<ListedLine>;

/** Larger documents are refused. */
const maxDocumentBytes = 256 * 1024 * 1024;

/**
 * Asks a vault for everything that the lines of lists mean, each thing once. Failures are reported, and the rest goes
 * on. Rejects with the reason of the signal once that has ended.
 */
export async function warm(lines: ListedLines, options: WarmOptions): Promise<void> {
  await new Run(options).all(lines);
}

class Run {
  readonly #options: WarmOptions;
  readonly #slots: Slots;
  /** Digests, since a run may ask for a million paths. */
  readonly #seen = new DigestSet({ isBrief: true });
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: WarmOptions) {
    this.#options = options;
    this.#slots = new Slots(options.jobs);
  }

  #expansionOf({ at }: ListedLine): Expansion {
    const { settings, signal, events } = this.#options;
    return {
      settings,
      signal,
      read: async (request) => await this.#read(request, at) ?? absent(request),
      readIfThere: (request) => this.#read(request, at),
      note: (message) => events.note(message),
      async during(what, work) {
        events.doing?.(what);
        try {
          return await work();
        } finally {
          events.doing?.(null);
        }
      },
    };
  }

  /** Lines are expanded as many at a time as there are jobs: their documents take time, too. */
  async all(lines: ListedLines): Promise<void> {
    const { signal, jobs } = this.#options;
    const rest = oneByOne(lines);
    const worker = async () => {
      for (let next = await rest.next(); !next.done; next = await rest.next()) {
        if (signal.aborted) return;
        await this.#line(next.value);
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker)).finally(() => rest.return(undefined));
    await Promise.all(this.#underWay);
    signal.throwIfAborted();
  }

  async #line(listed: ListedLine): Promise<void> {
    const { sources, events, signal } = this.#options;
    try {
      for (const meaning of parseLine(listed.text, sources, listed.writing)) {
        if (meaning.kind === "path") await this.#start({ path: meaning.path }, listed.at);
        else {
          const { source, line } = meaning;
          for await (const request of source.expand?.(line, this.#expansionOf(listed)) ?? []) {
            await this.#start(request, listed.at);
          }
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof VaultError)) throw error;
      events.lineFailed(listed, error.message);
    }
  }

  /** Resolves once the request has begun, so that lines are not expanded much faster than bodies come. */
  async #start(request: WarmRequest, at: string | null): Promise<void> {
    if (!this.#isNew(request)) return;
    this.#options.events.found(request);
    await this.#slots.take();
    const task = this.#fetch(request, at).finally(() => {
      this.#underWay.delete(task);
      this.#slots.free();
    });
    this.#underWay.add(task);
  }

  async #fetch(request: WarmRequest, at: string | null): Promise<void> {
    const { signal, events } = this.#options;
    if (signal.aborted) return;
    try {
      events.ended(request, await this.#outcomeOf(request), at);
    } catch (error) {
      if (!signal.aborted) events.ended(request, { kind: "failed", reason: messageOf(error) }, at);
    }
  }

  async #outcomeOf(request: WarmRequest): Promise<Outcome> {
    const { dryRun } = this.#options;
    const answered = dryRun ? await this.#look(request) : await this.#ahead(request) ?? await this.#get(request);
    switch (answered.kind) {
      case "failed":
        return { kind: "failed", reason: answered.reason };
      case "cached":
        return { kind: "cached", sizeBytes: answered.sizeBytes ?? request.sizeBytes };
      case "fetched": {
        const sizeBytes = answered.sizeBytes ?? request.sizeBytes;
        return dryRun ? { kind: "planned", sizeBytes } : { kind: "new", sizeBytes: sizeBytes ?? 0 };
      }
    }
  }

  /** Asks without fetching anything. */
  async #look(request: WarmRequest): Promise<Answered> {
    return await readAnswer(await this.#ask(request, "HEAD"), "HEAD");
  }

  /** Null where the body has to be requested as a client does it. */
  async #ahead({ path, headers = {} }: WarmRequest): Promise<Answered | null> {
    const { client, signal, events } = this.#options;
    if (client.fetchAhead === undefined) return null;
    try {
      const fetched = await client.fetchAhead(path, { headers, signal });
      if (fetched === null) return null;
      const answered = answeredAhead(fetched);
      if (answered.kind === "fetched") events.received(fetched.sizeBytes);
      return answered;
    } catch (error) {
      signal.throwIfAborted();
      return answeredByError(error);
    }
  }

  /** Reads what a client would be sent, unless it is cached: then it is on the disk, whole and checked. */
  async #get(request: WarmRequest): Promise<Answered> {
    const response = await this.#ask(request, "GET");
    const answered = await readAnswer(response, "GET");
    if (answered.kind === "cached") await response.body?.cancel();
    return answered.kind === "fetched" ? { kind: "fetched", sizeBytes: await this.#drain(response) } : answered;
  }

  /** Null where there is no such document. */
  async #read(request: WarmRequest, at: string | null): Promise<WarmDocument | null> {
    const { signal, events } = this.#options;
    const isNew = this.#isNew(request);
    return await this.#slots.run(signal, async () => {
      const ahead = await this.#ahead(request);
      const response = ahead?.kind === "failed" ? null : await this.#ask(request, "GET");
      const answered = response === null ? ahead! : await readAnswer(response, "GET");
      if (answered.kind === "failed") {
        if (answered.isMissing) return null;
        throw new VaultError("upstream_failed", `Cannot read ${request.label ?? request.path}: ${answered.reason}`);
      }
      const bytes = await this.#collect(response!, request);
      const { kind } = ahead ?? answered;
      if (ahead === null && kind === "fetched") events.received(bytes.byteLength);
      if (isNew) {
        events.found({ ...request, sizeBytes: bytes.byteLength });
        events.ended({ ...request, sizeBytes: bytes.byteLength }, {
          kind: kind === "fetched" ? "new" : "cached",
          sizeBytes: bytes.byteLength,
        }, at);
      }
      return { bytes, headers: response!.headers };
    });
  }

  #ask({ path, headers = {} }: WarmRequest, method: "GET" | "HEAD"): Promise<Response> {
    return this.#options.client.request(path, { method, headers, signal: this.#options.signal });
  }

  /** Reads a body to its end, and returns its size. */
  async #drain({ body }: Response): Promise<number> {
    let sizeBytes = 0;
    for await (const chunk of body ?? []) {
      sizeBytes += chunk.byteLength;
      this.#options.events.received(chunk.byteLength);
    }
    return sizeBytes;
  }

  async #collect({ body }: Response, { path, label = path }: WarmRequest): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let sizeBytes = 0;
    for await (const chunk of body ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxDocumentBytes) {
        throw new VaultError("too_large", `${label} is larger than ${maxDocumentBytes} bytes, which no document is`);
      }
      chunks.push(chunk);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  #isNew({ path, headers }: WarmRequest): boolean {
    const name = headers === undefined ? path : `${path} ${JSON.stringify(headers)}`;
    return this.#seen.add(createHash("sha256").update(name).digest("hex"));
  }
}

/** All lines of several lists, one list after the other. */
export async function* inTurn(lists: readonly ListedLines[]): AsyncGenerator<ListedLine> {
  for (const lines of lists) yield* lines;
}

async function* oneByOne(lines: ListedLines): AsyncGenerator<ListedLine, undefined> {
  yield* lines;
}

function absent({ path, label = path }: WarmRequest): never {
  throw new VaultError("not_found", `${label} is not there: no upstream has it`);
}
