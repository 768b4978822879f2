import type { Backend } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { formatCacheStatus } from "../http/cache_status.ts";
import { redact } from "../observe/redact.ts";
import { type Reply, textReply } from "./reply.ts";

/** A request that failed. */
export interface Refused {
  readonly method: string;
  /** The path and query, without secrets. */
  readonly shownPath: string;
  readonly requestId: string;
  /** Null where the request failed before a backend was found. */
  readonly backend: Backend | null;
}

/** The answer to a request that failed: what was asked and why it failed, in the backend's protocol if it has a form for that. */
export function refuse(error: unknown, refused: Refused): Reply {
  const known = error instanceof VaultError ? error : new VaultError("internal", "An internal error; the log has more");
  const { status, code, upstreamStatus, retryAfterSeconds } = known;
  const headers: [string, string][] = [];
  if (code === "method_not_allowed") headers.push(["allow", "GET, HEAD"]);
  if (retryAfterSeconds !== undefined) headers.push(["retry-after", String(retryAfterSeconds)]);
  const asked = refused.backend !== null;
  if (asked) {
    const fwd = upstreamStatus === undefined ? {} : { fwd: "miss", fwdStatus: upstreamStatus } as const;
    headers.push(["cache-status", formatCacheStatus({ hit: false, ...fwd, detail: code })]);
  }
  const { body, contentType } = refused.backend?.formatError?.(known) ?? plainText(known, refused);
  return textReply(refused.method, body, { status, contentType, headers, cache: asked ? "error" : "none" });
}

function plainText({ status, code, message }: VaultError, { method, shownPath, requestId }: Refused) {
  const lines = [`${status} ${code}`, `${method} ${shownPath}`, redact(message), `Request id: ${requestId}`];
  return { body: lines.join("\n") + "\n", contentType: "text/plain; charset=utf-8" };
}
