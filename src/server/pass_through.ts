import type { UpstreamAnswer } from "../errors.ts";
import type { HeaderList } from "../http/headers.ts";
import { noChunks, type Reply } from "./reply.ts";
import { sandboxFor } from "./sandbox.ts";

/** Statuses without a body by definition (RFC 9110 §15.3.5, §15.3.6). */
export const bodiless: ReadonlySet<number> = new Set([204, 205]);

/**
 * The reply that passes an upstream's error response on unchanged, with `headers` added. Null for a GET where its body
 * is not known.
 */
export function passThrough(answer: UpstreamAnswer, method: string, headers: HeaderList): Reply | null {
  const { status, body } = answer;
  const all = [...answer.headers, ...sandboxFor(answer.headers), ...headers];
  const reply = { status, headers: all, body: null, cache: "error" } as const;
  if (bodiless.has(status)) return reply;
  if (body === null) {
    if (method !== "HEAD") return null;
    return all.some(([name]) => name === "content-length") ? reply : { ...reply, body: noChunks };
  }
  const sized = [...all, ["content-length", String(body.byteLength)]] as const;
  return { ...reply, headers: sized, body: method === "HEAD" ? null : body };
}
