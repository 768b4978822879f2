import type { Backend, BackendRequest } from "../backend.ts";
import { VaultError } from "../errors.ts";
import { formatCacheStatus } from "../http/cache_status.ts";
import { redact } from "../observe/redact.ts";
import { type ClientMiss, howToBring } from "./offline.ts";
import { passThrough } from "./pass_through.ts";
import { problemReply, readsProblems } from "./problem.ts";
import { type Reply, textReply } from "./reply.ts";

/** A request that failed. */
export interface Refused {
  readonly method: string;
  /** The path and query, without secrets. */
  readonly shownPath: string;
  readonly requestId: string;
  /** Null where the request failed before its backend was found. */
  readonly asked: { readonly backend: Backend; readonly request: BackendRequest } | null;
  /** What the client missed since the vault is offline; null or absent for other errors. */
  readonly missed?: ClientMiss | null;
  /** True for plain text whatever the protocol. */
  readonly plain?: boolean;
}

/** `Retry-After` for a 429 of an upstream that does not say how long to wait. */
const retryLaterSeconds = 60;

/**
 * The reply to a request that failed: the error in the backend's protocol, if it has a form for that, or upstream's own
 * response, where that is passed on. Throws as the backend's `formatError`, which is not called where `plain` is set.
 */
export function refuse(error: unknown, refused: Refused): Reply {
  const known = error instanceof VaultError ? error : new VaultError("internal", "An internal error; the log has more");
  const { code, message, upstreamStatus, retryAfterSeconds, protocolCode } = known;
  const { asked, method, shownPath, missed = null, plain = false } = refused;
  const status = missed?.status ?? known.status;
  const headers: [string, string][] = [];
  if (code === "method_not_allowed") {
    // A method of the backend's own that is refused is so for this path.
    const own = asked?.backend.methods?.filter((one) => one !== method) ?? [];
    headers.push(["allow", ["GET", "HEAD", ...own].join(", ")]);
  }
  const cacheAsked = asked !== null && code !== "method_not_allowed";
  if (cacheAsked) {
    const why = method === "GET" || method === "HEAD" ? "miss" : "method";
    const fwd = upstreamStatus === undefined ? {} : { fwd: why, fwdStatus: upstreamStatus } as const;
    headers.push(["cache-status", formatCacheStatus({ hit: false, ...fwd, detail: code })]);
  }
  const passed = known.answer && !plain ? passThrough(known.answer, method, headers) : null;
  if (passed !== null) return passed;
  const wait = retryAfterSeconds ?? (code === "rate_limited" ? retryLaterSeconds : undefined);
  if (wait !== undefined) headers.push(["retry-after", String(wait)]);
  // Before a backend is found no upstream takes part, and the URLs in a message are those to ask the vault for.
  const told = asked === null ? redact(message) : withoutPaths(redact(message));
  if (asked === null && readsProblems(shownPath)) {
    return problemReply(method, { status, detail: told, headers, more: { code } });
  }
  const text = missed === null ? told : `${told}. ${howToBring(missed)}`;
  const shown = new VaultError(code, text, {
    ...upstreamStatus !== undefined && { upstreamStatus },
    ...protocolCode !== undefined && { protocolCode },
  });
  const ownForm = plain ? undefined : asked?.backend.formatError?.(shown, asked.request);
  const form = ownForm ?? plainText(status, shown, refused);
  return textReply(method, form.body, {
    status,
    contentType: form.contentType,
    headers: [...headers, ...form.headers],
    // What a vault misses offline counts in its hit rate.
    cache: missed !== null ? "miss" : cacheAsked ? "error" : "none",
  });
}

const url = /\b(https?:\/\/)(?:[^\s/?#"'<>@]*@)?([^\s/?#"'<>]+)([/?#][^\s"'<>]*)/gi;

/**
 * Shortens the URLs in a message to scheme and host before clients read it, since paths may contain secrets
 * (`https://host/TOKEN/simple/`). The client knows its own path, and the log has the whole URL.
 */
function withoutPaths(message: string): string {
  return message.replace(url, (_, scheme, host, rest) => `${scheme}${host}${rest === "/" ? rest : "/…"}`);
}

function plainText(status: number, { code, message }: VaultError, { method, shownPath, requestId }: Refused) {
  const lines = [`${status} ${code}`, `${method} ${shownPath}`, message, `Request id: ${requestId}`];
  return { body: lines.join("\n") + "\n", contentType: "text/plain; charset=utf-8", headers: [] };
}
