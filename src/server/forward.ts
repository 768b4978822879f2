import type { ForwardedRequest } from "../artifact.ts";
import { formatCacheStatus } from "../http/cache_status.ts";
import type { Vault } from "../vault/vault.ts";
import { type Exchange, originOf } from "./exchange.ts";
import type { Reply } from "./reply.ts";
import { bodiless } from "./pass_through.ts";
import { readRequestBody } from "./request_body.ts";
import { sandboxFor } from "./sandbox.ts";

/** Passes a client's request on to upstream, and the answer back. Throws as `readRequestBody` and `Vault.forward`. */
export async function forward(exchange: Exchange, forwarded: ForwardedRequest, vault: Vault): Promise<Reply> {
  const { request } = exchange;
  const { method } = request;
  const [{ url, idleTimeoutMs: patienceMs }] = forwarded.candidates;
  exchange.backend = forwarded.backend;
  exchange.upstream = originOf(url);
  const sentBody = await readRequestBody(request, { maxBytes: forwarded.maxBodyBytes, patienceMs });
  const body = sentBody === null ? null : await forwarded.rewriteBody?.(sentBody) ?? sentBody;
  const { status, headers, sizeBytes, upstream, chunks } = await vault.forward(forwarded, {
    method,
    body,
    signal: request.signal,
  });
  exchange.upstream = originOf(upstream);
  const sent: [string, string][] = [...headers, ...sandboxFor(headers)].map(([name, value]) => [name, value]);
  const fwd = method === "GET" || method === "HEAD" ? "bypass" : "method";
  sent.push(["cache-status", formatCacheStatus({ hit: false, fwd, fwdStatus: status })]);
  if (sizeBytes !== undefined && !bodiless.has(status)) sent.push(["content-length", String(sizeBytes)]);
  if (method !== "HEAD" && !bodiless.has(status)) return { status, headers: sent, body: chunks, cache: "bypass" };
  chunks.close();
  return { status, headers: sent, body: null, cache: "bypass" };
}
