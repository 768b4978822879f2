import type { Candidate, ForwardedRequest } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { contentLengthOf, keepHeaders } from "../http/headers.ts";
import type { VaultEvents } from "../observe/events.ts";
import { redactUrl } from "../observe/redact.ts";
import { BodyReader } from "../upstream/body_reader.ts";
import { combinedError, toVaultError } from "./asking/ask_upstream.ts";
import { refusalOf } from "./asking/refusal.ts";
import type { Release } from "./asking/slots.ts";
import type { Turns } from "./asking/turn.ts";
import type { Chunk, ChunkReader, Forwarded, ForwardOptions } from "./vault.ts";

const readBytes = 64 * 1024;
/** Headers by which an upstream, or a proxy on the way, would take the client for somebody, or itself for another. */
const neverSent =
  /^(?:authorization|cookie2?|host|proxy-.*|connection|content-length|transfer-encoding|upgrade|te|via)$/;

interface ForwarderDeps {
  readonly turns: Turns;
  readonly events: VaultEvents;
}

/** Passes requests on to upstream that the cache has no part in, and their answers back. Nothing is stored. */
export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #closing = new AbortController();

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
  }

  /** As `Vault.forward`. */
  async forward(forwarded: ForwardedRequest, { signal, ...message }: ForwardOptions): Promise<Forwarded> {
    if (forwarded.offline) throw offlineError(message.method, forwarded);
    const both = AbortSignal.any([signal, this.#closing.signal]);
    const errors: VaultError[] = [];
    for (const candidate of forwarded.candidates) {
      try {
        return await this.#ask(forwarded, candidate, { ...message, signal: both });
      } catch (error) {
        if (both.aborted) throw both.reason;
        const failure = toVaultError(error, candidate.url);
        errors.push(failure);
        // A client's mistake is one at every upstream.
        if (failure.code === "refused") break;
      }
    }
    throw combinedError(errors);
  }

  /** Ends all that are under way. */
  close(): void {
    this.#closing.abort(new VaultError("shutting_down", "The vault is shutting down. Ask again in a moment"));
  }

  async #ask(
    { backend, requestHeaders }: ForwardedRequest,
    candidate: Candidate,
    { method, body, signal }: ForwardOptions,
  ): Promise<Forwarded> {
    const { url, absentStatuses = [] } = candidate;
    const release = await this.#deps.turns.request({ backend, url, signal });
    try {
      const headers = new Headers(requestHeaders.filter(([name]) => !neverSent.test(name)).map(([n, v]) => [n, v]));
      const request = new Request(url, { method, headers, body, signal, redirect: "manual" });
      const response = await candidate.fetch(request, { retry: false });
      if (!response.ok) {
        throw await refusalOf(response, { url, method, absentStatuses, passesOn: response.status < 500 });
      }
      return answerOf(response, candidate, { signal, release });
    } catch (error) {
      release();
      const status = error instanceof VaultError ? error.upstreamStatus : undefined;
      if (!signal.aborted) this.#deps.events.upstreamFailed(backend, status === undefined ? "network" : `${status}`);
      throw error;
    }
  }
}

function answerOf(
  response: Response,
  { url, idleTimeoutMs }: Candidate,
  { signal, release }: { signal: AbortSignal; release: Release },
): Forwarded {
  const reader = new BodyReader(response, { timeoutMs: idleTimeoutMs, url });
  const sizeBytes = contentLengthOf(response.headers) ?? undefined;
  return {
    status: response.status,
    headers: keepHeaders(response.headers),
    sizeBytes,
    upstream: redactUrl(url),
    chunks: new AnswerReader(reader, sizeBytes, { signal, release }),
  };
}

/** Reads an answer as it arrives. The slot of its host is free once it has ended. */
class AnswerReader implements ChunkReader {
  readonly #reader: BodyReader;
  readonly #end: () => void;
  /** Whoever reads so many bytes may not ask for more. */
  #leftBytes: number;

  constructor(
    reader: BodyReader,
    sizeBytes: number | undefined,
    { signal, release }: { signal: AbortSignal; release: Release },
  ) {
    this.#reader = reader;
    this.#leftBytes = sizeBytes ?? Infinity;
    const stop = () => reader.cancel(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    this.#end = () => {
      signal.removeEventListener("abort", stop);
      release();
    };
    if (sizeBytes === 0) this.#end();
  }

  async read(): Promise<Chunk | null> {
    try {
      const chunk = await this.#reader.read(new Uint8Array(readBytes));
      this.#leftBytes -= chunk?.byteLength ?? 0;
      if (chunk === null || this.#leftBytes <= 0) this.#end();
      return chunk;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  release(): void {}

  close(): void {
    this.#reader.cancel();
    this.#end();
  }
}

function offlineError(method: string, { backend, candidates }: ForwardedRequest): VaultError {
  const url = redactUrl(candidates[0]!.url);
  return new VaultError(
    "offline",
    `${method} "${url}" needs that upstream, and the vault is offline for "${backend}": it asks none`,
  );
}
