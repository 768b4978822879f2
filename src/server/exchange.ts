import type { Client } from "../backend.ts";
import type { Target } from "../http/path.ts";
import { redactUrl } from "../observe/redact.ts";
import { requestId } from "./request_id.ts";
import type { Route } from "./routes.ts";

/** What becomes known of a request on its way through the boundary. */
export class Exchange {
  readonly startedAt = performance.now();
  readonly request: Request;
  readonly id: string;
  readonly client: Client;
  target: Target | null = null;
  route: Route | null = null;
  /** The name of the backend that takes part: that of the artifact, where a route serves several backends. */
  backend = "none";
  upstream = "";
  /** Why upstream was asked; empty where it was not. */
  reason = "";
  /** Whether it counts as under way (`RequestsUnderWay`). */
  counted = false;
  note = "";

  constructor(request: Request, info: Deno.ServeHandlerInfo) {
    this.request = request;
    this.id = requestId(request.headers.get("x-request-id"));
    this.client = clientOf(info);
  }

  /** Path and query without secrets; the request's URL as it came where it cannot be read. */
  get shownPath(): string {
    if (this.target === null) return redactUrl(this.request.url);
    const { path, query } = this.target;
    return query === "" ? path : redactUrl(path + query);
  }
}

function clientOf({ remoteAddr }: Deno.ServeHandlerInfo): Client {
  return "hostname" in remoteAddr ? { host: remoteAddr.hostname, port: remoteAddr.port } : { host: "local", port: 0 };
}
