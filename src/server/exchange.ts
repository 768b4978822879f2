import type { Client } from "../backend.ts";
import type { ErrorCode } from "../errors.ts";
import type { Target } from "../http/path.ts";
import { redactUrl } from "../observe/redact.ts";
import type { OwnRequestInfo } from "./own_pages.ts";
import { readRequestBody } from "./request_body.ts";
import { requestId } from "./request_id.ts";
import type { Route } from "./routes.ts";
import { type ForwardedFor, forwardedTarget, type TrustedProxies } from "./trusted_proxies.ts";

/** In place of a client's connection, where the program itself asks. */
export const ownConnection: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "unix", path: "" },
  completed: Promise.resolve(),
};

/** The longest wait for the next bytes of a request's body that is answered here. */
const bodyPatienceMs = 30_000;

/** The client of such a request in the log; no address has this name. */
export const ownClient: Client = { host: "own", port: 0 };

/** Whoever asks by a socket in the file system: the control socket, which the server's user and root alone can open. */
export const socketClient: Client = { host: "socket", port: 0 };

/** One request and the facts about it that are collected while it is handled. */
export class Exchange implements OwnRequestInfo {
  readonly startedAt = performance.now();
  readonly request: Request;
  readonly id: string;
  readonly client: Client;
  target: Target | null = null;
  route: Route | null = null;
  /** The name of the backend: that of the artifact, where a route serves several backends. */
  backend = "none";
  upstream = "";
  /** The reason why upstream was asked; empty where it was not. */
  reason = "";
  /** The key of the artifact that it asks for; null where it asks for none. */
  key: string | null = null;
  /** True while it counts in `RequestsUnderWay`. */
  counted = false;
  note = "";
  /** The code of the error that it ended with; null where there was none. */
  code: ErrorCode | null = null;

  /** What a trusted proxy tells; null for none. */
  readonly #forwarded: ForwardedFor | null;

  constructor(request: Request, info: Deno.ServeHandlerInfo, proxies?: TrustedProxies) {
    const connected = info === ownConnection ? ownClient : clientOf(info);
    this.request = request;
    this.id = requestId(request.headers.get("x-request-id"));
    this.#forwarded = proxies?.read(request.headers, connected) ?? null;
    this.client = this.#forwarded?.client ?? connected;
  }

  /** The part of the client's path that a proxy has cut off; empty for none. */
  get outerPrefix(): string {
    return this.#forwarded?.prefix ?? "";
  }

  /** Notes down the target, by the name that the client has used. */
  aim(target: Target): Target {
    return this.target = this.#forwarded === null ? target : forwardedTarget(target, this.#forwarded);
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }

  /** Throws as `OwnRequestInfo.readBody`. */
  readBody(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    return readRequestBody(this.request, { maxBytes, patienceMs: bodyPatienceMs });
  }

  /** The path and query without secrets; the whole URL, with spaces encoded, where it cannot be parsed. */
  get shownPath(): string {
    if (this.target === null) return redactUrl(this.request.url).replace(/\s/g, encodeURIComponent);
    const { path, query } = this.target;
    return query === "" ? path : redactUrl(path + query);
  }
}

/** Scheme, host and any credentials, which the log hides: enough to tell upstreams apart. */
export function originOf(url: string): string {
  const end = url.indexOf("/", url.indexOf("://") + 3);
  return end < 0 ? url : url.slice(0, end);
}

function clientOf({ remoteAddr }: Deno.ServeHandlerInfo): Client {
  return "hostname" in remoteAddr ? { host: remoteAddr.hostname, port: remoteAddr.port } : socketClient;
}
