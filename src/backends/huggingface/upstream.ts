import type { Artifact, CachingPolicy, Candidate, Fetch, FetchOptions, Freshness } from "../../artifact.ts";
import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { Caller, Callers } from "./caller.ts";
import { contentLengthOf } from "../../http/headers.ts";
import { parseContentRange } from "../../http/range.ts";
import { absentEntry, entryNotFound } from "./error_body.ts";
import { describing, digestOfEtag, type FileMetadata, formatMetadata, metadataOf } from "./file_metadata.ts";

/** The Hub refuses to send more than 50 GB at once; parts of this size are resumed from anyway. */
export const mostBytesAtOnce = 8 * 1024 ** 3;

export interface HubUpstreamOptions {
  readonly backend: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly idleTimeoutMs: number;
  readonly maxRedirects: number;
  readonly policy: CachingPolicy;
  readonly callers: Callers;
  /** The most bytes of a file that are asked for at once. */
  readonly mostBytes: number;
}

/** A document of the Hub's. */
export interface HubDocument {
  /** The path and query, in the form that keys have. */
  readonly target: string;
  readonly caller: Caller;
  readonly freshness: Freshness;
  /** Parses it before it is stored. */
  readonly check?: Parser<unknown>;
  /** The request that asks for it, where that is no GET of its target. */
  readonly ask?: Fetch;
  /** What makes its key another than that of its target. */
  readonly suffix?: string;
  /** True for what is at a commit: that it does not exist never changes, either. False when absent. */
  readonly isAtCommit?: boolean;
}

/** The Hub, as artifacts come from it. */
export class HubUpstream {
  readonly #options: HubUpstreamOptions;

  constructor(options: HubUpstreamOptions) {
    this.#options = options;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  urlOf(target: string): string {
    return this.#options.baseUrl + target;
  }

  /** A document of the API. */
  document({ target, caller, freshness, check, ask, suffix = "", isAtCommit = false }: HubDocument): Artifact {
    const { backend, callers } = this.#options;
    return {
      backend,
      key: callers.keyFor(target + suffix, caller),
      candidates: [this.#candidate(target, ask ?? caller.fetch)],
      requestHeaders: [],
      freshness: callers.freshnessFor(caller, freshness),
      policy: callers.policyFor(caller),
      failover: "any_failure",
      identity: { kind: "unknown" },
      webPages: "refused",
      ...check && { document: { check } },
      ...isAtCommit && { lastingAbsences: [entryNotFound] },
    };
  }

  /** What the Hub says of a file in answer to HEAD, stored like a document; `target` is that of the file. */
  metadata(target: string, caller: Caller, check: Parser<FileMetadata>): Artifact {
    return this.document({
      target,
      caller,
      freshness: { kind: "immutable" },
      check,
      ask: (request, asked) => this.#askHead(request, caller, asked),
      suffix: metadataSuffix,
      isAtCommit: true,
    });
  }

  /** A file at a commit. Its bytes are the same for all callers, who have been asked about before. */
  file(target: string, caller: Caller, metadata: FileMetadata | null): Pick<Artifact, "candidates" | "policy"> {
    const { sizeBytes = null } = metadata ?? {};
    const { mostBytes, policy } = this.#options;
    const fetch: Fetch = (request, asked) =>
      request.method === "HEAD" && metadata !== null && sizeBytes !== null
        ? Promise.resolve(headOf(metadata, sizeBytes))
        : caller.fetch(request, asked);
    return {
      policy,
      candidates: [{
        ...this.#candidate(target, fetch),
        redirectHeaders: describing,
        ...sizeBytes !== null && sizeBytes > mostBytes && { mostBytes },
      }],
    };
  }

  #candidate(target: string, fetch: Fetch): Candidate {
    const { idleTimeoutMs } = this.#options;
    return { url: this.urlOf(target), fetch: this.#bounded(withErrors(fetch)), idleTimeoutMs };
  }

  /** Follows no more redirects than are allowed. */
  #bounded(fetch: Fetch): Fetch {
    const { maxRedirects } = this.#options;
    return (request, asked) => {
      let followed = 0;
      const objection: FetchOptions["objection"] = (target) => {
        if (++followed <= maxRedirects) return asked?.objection?.(target) ?? null;
        const message = `"${request.url}" redirects more than ${maxRedirects} times (max_redirects)`;
        return new VaultError("upstream_failed", message);
      };
      return fetch(request, { ...asked, objection });
    };
  }

  /** Asks for the first byte: proxies on the way may remove the size from answers to HEAD. Null where that does not tell. */
  async #askSize(request: Request, caller: Caller, asked: FetchOptions | undefined): Promise<number | null> {
    const headers = new Headers(request.headers);
    headers.set("range", "bytes=0-0");
    const response = await caller.fetch(new Request(request, { headers }), asked);
    await response.body?.cancel().catch(() => {});
    const range = response.headers.get("content-range");
    if (response.status === 206) return parseContentRange(range)?.size ?? null;
    if (response.status === 416) return range === "bytes */0" ? 0 : null;
    return response.status === 200 ? contentLengthOf(response.headers) : null;
  }

  /** Asks with HEAD, and answers with what that has said; with anything else as it is. */
  async #askHead(request: Request, caller: Caller, asked: FetchOptions | undefined): Promise<Response> {
    const { origin } = new URL(this.#options.baseUrl);
    const head = new Request(request, { method: "HEAD" });
    const isAnswer = (target: URL) => target.origin !== origin;
    const response = await caller.fetch(head, { ...asked, isAnswer, redirectHeaders: describing });
    const told = metadataOf(response);
    if (told === null) return response;
    const metadata = told.sizeBytes !== null
      ? told
      : { ...told, sizeBytes: await this.#askSize(request, caller, asked) };
    if (digestOfEtag(metadata.etag, metadata.sizeBytes) === null) {
      const message = `"${request.url}" names no digest of the file, so that its bytes could not be checked`;
      throw new VaultError("upstream_failed", message, { upstreamStatus: response.status });
    }
    const body = formatMetadata(metadata);
    return new Response(body, {
      headers: { "content-type": "application/json", "content-length": String(new TextEncoder().encode(body).length) },
    });
  }
}

const metadataSuffix = ";metadata";

/** Returns the target of the file whose metadata a key has; null for other keys. */
export function targetOfMetadata(key: string): string | null {
  return key.endsWith(metadataSuffix) ? key.slice(0, -metadataSuffix.length) : null;
}

/** The answer to a HEAD for a file whose metadata is known: the Hub need not be asked again. */
function headOf({ etag }: FileMetadata, sizeBytes: number): Response {
  const headers = { "content-length": String(sizeBytes), "x-linked-size": String(sizeBytes) };
  return new Response(null, { headers: { ...headers, ...etag !== null && { etag, "x-linked-etag": etag } } });
}

/** Throws the errors that the Hub names by a code, for clients to tell them apart. */
function withErrors(fetch: Fetch): Fetch {
  return async (request, asked) => {
    const response = await fetch(request, asked);
    const { status, headers } = response;
    const protocolCode = headers.get("x-error-code");
    if (protocolCode === null || !namedErrors.has(status)) return response;
    await response.body?.cancel().catch(() => {});
    const said = headers.get("x-error-message") ?? "";
    if (status === 404 && protocolCode === entryNotFound) throw absentEntry(said || undefined);
    const message = `The Hub answered ${status} ${protocolCode}${said === "" ? "" : `: ${said}`}`;
    const code = status === 404 ? "not_found" : status === 410 ? "gone" : "refused";
    throw new VaultError(code, message, { upstreamStatus: status, protocolCode });
  };
}

const namedErrors: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 422, 451]);
