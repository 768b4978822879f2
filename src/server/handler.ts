import type { ForwardedRequest } from "../artifact.ts";
import type { BackendRequest, GeneratedDocument, ResolvedArtifact } from "../backend.ts";
import { isMissing, messageOf, VaultError } from "../errors.ts";
import { headerOf } from "../http/headers.ts";
import { parseTarget } from "../http/path.ts";
import type { FetchedAhead } from "../reader.ts";
import type { ChunkReader, OpenedArtifact } from "../vault/vault.ts";
import { accessLine } from "./access_line.ts";
import { openView, rangeBehind } from "./body_view.ts";
import { openedOrForetold } from "./foretold.ts";
import { Admin } from "./admin.ts";
import { sha256Of, withBackendHeaders } from "./backend_headers.ts";
import { ClientRequest } from "./client_request.ts";
import { forbidCompression, serverCompresses } from "./compression.ts";
import { Exchange, originOf, ownClient, ownConnection } from "./exchange.ts";
import { forwardedVia, readerPassingVia, refuseLoop, resolvedPassingVia } from "./loops.ts";
import { forward } from "./forward.ts";
import { type Ending, meteredBody, meteredBytes } from "./metered_body.ts";
import type { HandlerOptions } from "./handler_options.ts";
import { missedOffline } from "./offline.ts";
import { refuse } from "./refuse.ts";
import { directReply, type Reply } from "./reply.ts";
import { RequestsUnderWay } from "./requests_under_way.ts";
import { respond } from "./respond.ts";
import { type Route, Routes } from "./routes.ts";
import { slashRedirect } from "./slash_redirect.ts";
import { ForwardProxy } from "./forward_proxy.ts";
import { traceRequest } from "./trace_request.ts";
import { mayBeHttp10, sizedIfSmall } from "./unsized_body.ts";

export type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

/** The boundary for requests, of clients and of the program itself. */
export interface RequestHandler {
  /** For `Deno.serve`: every request gets an answer, is counted, and leaves one line in the log. */
  readonly handle: Handler;
  /**
   * Has what a request of the program itself asks for fetched and stored, behind all downloads that clients wait for;
   * of a generated document, what it is made of. Null where nothing is cached for it. Rejects with a VaultError.
   */
  fetchAhead(request: Request): Promise<FetchedAhead | null>;
  /** Why `/-/readyz` says that the vault is not ready; null where it is. */
  notReady(): string | null;
}

/** Creates the boundary. */
export function createHandler(options: HandlerOptions): RequestHandler {
  const boundary = new Boundary(options);
  return {
    handle: (request, info) => boundary.handle(request, info),
    fetchAhead: (request) => boundary.fetchAhead(request),
    notReady: () => boundary.notReady(),
  };
}

const complete: Ending = { kind: "complete" };

/** Deno copies a body that it is given as bytes. From this size on that costs more than a stream does. */
const largestCopiedBytes = 8 * 1024;

/** A client that waits longer for the head of an answer gets what is known of it. Many give up after ten seconds. */
const longestSilenceMs = 5000;

/** nginx's status for a client that left before its answer; nobody gets to see it. */
const clientGone: Reply = { status: 499, headers: [], body: null, cache: "none" };

class Boundary {
  readonly #options: HandlerOptions;
  readonly #routes: Routes;
  readonly #proxy: ForwardProxy;
  readonly #admin: Admin;
  readonly #underWay: RequestsUnderWay;

  constructor(options: HandlerOptions) {
    this.#options = options;
    this.#routes = new Routes(options.backends);
    this.#proxy = new ForwardProxy(options.backends, options.serverNames);
    this.#admin = new Admin(options);
    this.#underWay = options.underWay ?? new RequestsUnderWay(512);
  }

  notReady(): string | null {
    return this.#admin.notReady();
  }

  async handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const exchange = new Exchange(request, info, this.#options.trustedProxies);
    try {
      return this.#send(exchange, await this.#answer(exchange));
    } catch (error) {
      return this.#fail(exchange, error);
    }
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    const { request } = exchange;
    const { method, headers } = request;
    const target = exchange.aim(parseTarget(request.url, headers.get("host")));
    if (method === "CONNECT") throw this.#proxy.tunnelRefusal();
    const reads = method === "GET" || method === "HEAD";
    const whose = this.#proxy.find(target);
    const mayBeOwn = whose.kind === "own" || whose.kind === "foreign" && whose.isAddress;
    const own = mayBeOwn ? this.#admin.answer(method, target, headers, exchange) : null;
    if (own !== null) return own;
    this.#count(exchange);
    if (whose.kind === "foreign") throw whose.error;
    const route = exchange.route = whose.kind === "own" ? this.#routeOf(target.path) : whose.route;
    exchange.backend = route?.backend.name ?? "none";
    if (!reads && !route?.backend.methods?.includes(method)) throw methodNotAllowed(method);
    if (route === null) throw this.#proxy.unknown(target, headers) ?? this.#routes.unknown(target.path);
    const via = headers.get("via");
    if (via !== null) refuseLoop(via, { name: this.#options.viaName, backend: exchange.backend });
    const { reader } = this.#options.vault;
    const vault = via === null ? reader : readerPassingVia(reader, via);
    const resolved = await route.backend.resolve(backendRequest(exchange)!, vault);
    switch (resolved.kind) {
      case "answer":
        return directReply(method, resolved.answer);
      case "forward":
        return await this.#forward(exchange, via === null ? resolved.forwarded : forwardedVia(resolved.forwarded, via));
    }
    if (!reads) throw methodNotAllowed(method);
    switch (resolved.kind) {
      case "artifact":
        return await this.#open(exchange, via === null ? resolved : resolvedPassingVia(resolved, via), method);
      case "document":
        return this.#render(exchange, resolved.document, method);
    }
  }

  async fetchAhead(request: Request): Promise<FetchedAhead | null> {
    const exchange = new Exchange(request, ownConnection);
    const target = exchange.target = parseTarget(request.url, null);
    const route = exchange.route = this.#routeOf(target.path);
    if (route === null) throw this.#routes.unknown(target.path);
    const { reader } = this.#options.vault;
    const resolved = await route.backend.resolve(backendRequest(exchange)!, reader);
    if (resolved.kind === "document") {
      const { source: { cacheStatus, isUnchanged = false }, bytes } = resolved.document;
      return { cacheStatus, sizeBytes: bytes.byteLength, isUnchanged };
    }
    if (resolved.kind !== "artifact") return null;
    try {
      return await reader.fetchAhead(resolved.artifact);
    } catch (error) {
      if (isMissing(error) && resolved.ifMissing) return null;
      throw error;
    }
  }

  /** A host in the path counts less than a backend's prefix, and more than a backend at the root. */
  #routeOf(path: string): Route | null {
    const route = this.#routes.find(path);
    return route !== null && route.base !== "" ? route : this.#proxy.byPath(path) ?? route;
  }

  /**
   * Own pages are not counted: they are answered at once, also when there are too many requests. Nor are requests of
   * the program itself, which take nobody's place.
   */
  #count(exchange: Exchange): void {
    if (exchange.client === ownClient) return;
    this.#underWay.begin(exchange.client.host);
    exchange.counted = true;
  }

  #render(exchange: Exchange, document: GeneratedDocument, method: "GET" | "HEAD"): Reply {
    const { source, ...made } = document;
    const { headers } = exchange.request;
    exchange.upstream = originOf(source.upstream);
    exchange.reason = source.cacheStatus.reason ?? "";
    const { ranges } = new ClientRequest(exchange.request, method, false);
    const unused = () => {
      throw new Error("A generated document is in memory: it is not streamed");
    };
    const { sizeBytes = made.bytes.byteLength } = made;
    const opened = { ...made, ...source, sizeBytes, ranges: true, chunks: unused, stream: unused, close() {} };
    return respond(opened, { method, headers, ranges });
  }

  async #open(exchange: Exchange, resolved: ResolvedArtifact, method: "GET" | "HEAD"): Promise<Reply> {
    const { request } = exchange;
    const { artifact } = resolved;
    exchange.backend = artifact.backend;
    exchange.key = artifact.key;
    exchange.upstream = originOf(artifact.candidates[0]!.url);
    const ask = new ClientRequest(request, method, artifact.policy.honorClientNoCache);
    const { view } = resolved;
    if (view !== undefined && ask.range !== undefined) ask.range = rangeBehind(ask.range, view);
    try {
      const own = await this.#openInTime(resolved, ask);
      const found = resolved.source === undefined ? own : { ...own, ...resolved.source };
      const opened = view === undefined ? found : openView(found, view);
      exchange.upstream = originOf(opened.upstream);
      exchange.reason = opened.cacheStatus.reason ?? "";
      const moved = resolved.hasRelativeLinks ? slashRedirect(exchange.target!, opened) : null;
      if (moved !== null) {
        opened.close();
        return directReply(method, moved);
      }
      if (method === "GET") resolved.onServed?.(opened.headers, sha256Of(opened));
      const isUnsized = opened.sizeBytes === undefined && method === "GET";
      const sent = isUnsized && mayBeHttp10(request.headers) ? await sizedIfSmall(opened) : opened;
      return respond(withBackendHeaders(sent, resolved), { method, headers: request.headers, ranges: ask.ranges });
    } catch (error) {
      if (ask.gone) return clientGone;
      if (isMissing(error) && resolved.ifMissing) return directReply(method, resolved.ifMissing);
      throw error;
    }
  }

  /** What is opened, or foretold where that takes long. */
  async #openInTime({ artifact, foretold }: ResolvedArtifact, ask: ClientRequest): Promise<OpenedArtifact> {
    const opening = this.#options.vault.open(artifact, ask);
    if (foretold === undefined || ask.method === "HEAD") return await opening;
    const { foretoldAfterMs: afterMs = longestSilenceMs } = this.#options;
    return await openedOrForetold(opening, { foretold, upstream: artifact.candidates[0]!.url, afterMs });
  }

  async #forward(exchange: Exchange, forwarded: ForwardedRequest): Promise<Reply> {
    try {
      return await forward(exchange, forwarded, this.#options.vault);
    } catch (error) {
      if (exchange.request.signal.aborted) return clientGone;
      throw error;
    }
  }

  #fail(exchange: Exchange, error: unknown): Response {
    const { log } = this.#options;
    const { id: requestId, route, shownPath, request: { method } } = exchange;
    exchange.code = error instanceof VaultError ? error.code : "internal";
    if (error instanceof VaultError) exchange.note = error.message;
    else log.error(`Request ${requestId} failed: ${stackOf(error)}`);
    const asked = route && { backend: route.backend, request: backendRequest(exchange)! };
    const missed = missedOffline(error, asked);
    if (missed !== null) {
      this.#options.metrics.missedOffline(exchange.backend);
      this.#options.misses?.add(exchange.backend, missed.line);
    }
    const refused = { method, shownPath, requestId, asked, missed };
    try {
      return this.#send(exchange, refuse(error, refused));
    } catch (failure) {
      log.error(`Request ${requestId}: its error could not be told in the backend's form: ${stackOf(failure)}`);
      return this.#send(exchange, refuse(error, { ...refused, plain: true }));
    }
  }

  #send(exchange: Exchange, reply: Reply): Response {
    const { status, headers, body } = reply;
    const atOnce = body === null || (body instanceof Uint8Array && body.byteLength <= largestCopiedBytes);
    const sent = atOnce ? body : this.#metered(exchange, reply, body);
    const response = new Response(sent, { status });
    // With Deno 2.9 the constructor takes five times as long to take the same headers from an array.
    const sentHeaders = response.headers;
    let leaking: string[] | null = null;
    try {
      for (const [name, value] of headers) {
        sentHeaders.append(name, value);
        if (this.#options.leaks?.isOne(name, value)) (leaking ??= []).push(name);
      }
    } catch (error) {
      if (body !== null && "close" in body) body.close();
      throw error;
    }
    if (leaking !== null) this.#leaked(exchange, leaking);
    sentHeaders.append("x-request-id", exchange.id);
    traceRequest(exchange, reply);
    if (serverCompresses) forbidCompression(sentHeaders);
    if (atOnce) this.#end(exchange, reply, body?.byteLength ?? 0, complete);
    return response;
  }

  #leaked({ backend, id, shownPath }: Exchange, headers: readonly string[]): void {
    const { metrics, log, leaks } = this.#options;
    metrics.upstreamLeaked(backend);
    for (const header of headers) {
      if (!leaks!.isNew(backend, header)) continue;
      const what = `The header ${header} of the answer ${id} for ${shownPath} (${backend})`;
      log.warning(`${what} leads clients past the vault, to an upstream. Please report this`);
    }
  }

  #metered(exchange: Exchange, reply: Reply, body: ChunkReader | Uint8Array<ArrayBuffer>) {
    const ended = (bytes: number, ending: Ending) => this.#end(exchange, reply, bytes, ending);
    if (body instanceof Uint8Array) return meteredBytes(body, ended);
    const length = headerOf(reply.headers, "content-length");
    if (length !== undefined) return meteredBody(body, { sizeBytes: Number(length), ended });
    const silenceMs = mayBeHttp10(exchange.request.headers) ? this.#options.silenceMs ?? 0 : 0;
    return meteredBody(body, { ended, silenceMs });
  }

  #end(exchange: Exchange, { status, cache }: Reply, bytes: number, ending: Ending): void {
    const { metrics, log } = this.#options;
    const { request: { method }, backend, client: { host: client }, id: requestId, upstream, reason, shownPath: path } =
      exchange;
    if (exchange.counted) this.#underWay.end(client);
    const elapsedMs = performance.now() - exchange.startedAt;
    const counted = method === "GET" || method === "HEAD" ? method : "other";
    metrics.requestEnded({ backend, method: counted, status, cache }, bytes, elapsedMs / 1000);
    const note = noteOf(exchange, status, ending);
    if (note === clientLeft) metrics.responseAborted(backend);
    const ms = Math.round(elapsedMs);
    const access = { method, path, backend, status, cache, bytes, ms, client, requestId, upstream, reason, note };
    const code = ending.kind === "failed" ? "interrupted" : exchange.code;
    if (code !== null) metrics.requestFailed(backend, code);
    if (backend !== "none" || exchange.code !== null) this.#options.ended?.({ access, code, key: exchange.key });
    const line = accessLine(access);
    if (status >= 500 || ending.kind === "failed") log.warning(line, access);
    else if (backend === "none" && status < 400) log.debug(line, access);
    else log.info(line, access);
  }
}

/** Null before its route is known. */
function backendRequest(exchange: Exchange): BackendRequest | null {
  const { route, target, client, request } = exchange;
  if (route === null) return null;
  const { method, headers } = request;
  const { path } = route;
  const base = exchange.outerPrefix + route.base;
  const { origin, query } = target!;
  const asked = { method, origin, base, path, isBarePrefix: target!.path === route.base, query, headers, client };
  if (method === "GET" || method === "HEAD") return asked;
  return { ...asked, readBody: (maxBytes) => exchange.readBody(maxBytes) };
}

function methodNotAllowed(method: string): VaultError {
  return new VaultError("method_not_allowed", `${method} is not supported here: only GET and HEAD are`);
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
}

const clientLeft = "the client left";

function noteOf({ note }: Exchange, status: number, ending: Ending): string {
  if (ending.kind === "failed") return `interrupted: ${messageOf(ending.error)}`;
  return ending.kind === "aborted" || status === clientGone.status ? clientLeft : note;
}
