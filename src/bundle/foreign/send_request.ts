import { createHash } from "node:crypto";
import { parseJsonObject } from "../../http/json.ts";
import type { ShelfRequest } from "../../shelf.ts";
import type { VaultClient } from "../../warming.ts";

/** What became of a request for a thing, or of a thing that is not asked for. */
export type Outcome =
  /** It is in the cache now. */
  | { readonly kind: "imported" }
  /** It was in the cache before. */
  | { readonly kind: "cached" }
  /** It is in the source, and was only to be named. */
  | { readonly kind: "found" }
  /** The vault refused it, or has something else: a wrong digest, no room. */
  | { readonly kind: "failed"; readonly reason: string }
  /** As in `ShelfItem`. */
  | { readonly kind: "left_out"; readonly reason: string }
  | { readonly kind: "kept"; readonly reason: string };

const noRoom = "it is not stored, since the limits of the cache (cache_max_size, cache_min_free) leave no room for it";

/** Bodies from this size on are asked for by HEAD first, so that what is cached is not read. */
const largeBytes = 256 * 1024;

export interface Sent {
  readonly client: VaultClient;
  readonly request: ShelfRequest;
  readonly sizeBytes: number;
  /** The digest of what was cached before, by `digestOfAnswer`, of a document that is the same again; null for others. */
  readonly before: string | null;
  readonly signal: AbortSignal | undefined;
}

/** Reads an answer to its end for its digest; null for an error. */
export async function digestOfAnswer(response: Response): Promise<string | null> {
  if (!response.ok) {
    await response.body?.cancel();
    return null;
  }
  const hash = createHash("sha256");
  await response.body?.pipeTo(new WritableStream({ write: (chunk) => void hash.update(chunk) }));
  return hash.digest("hex");
}

/** Sends a request to the vault and reads the answer to its end. Throws the reason of the signal only. */
export async function sendRequest({ client, request, sizeBytes, before, signal }: Sent): Promise<Outcome> {
  const { path, headers } = request;
  const options = { ...headers && { headers }, ...signal && { signal } };
  try {
    if (sizeBytes >= largeBytes && isHit(await client.request(path, { ...options, method: "HEAD" }))) {
      if (await endsRight({ client, request, sizeBytes, before, signal })) return { kind: "cached" };
    }
    const response = await client.request(path, options);
    if (!response.ok) return { kind: "failed", reason: reasonIn(await response.text()) };
    const isSame = await digestOfAnswer(response) === before;
    if (isUnstored(response)) return { kind: "failed", reason: noRoom };
    return { kind: isHit(response) || isSame ? "cached" : "imported" };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Reads the last byte of a cached body. The vault sends it once it has compared the body with its digest, where it has
 * not done so before; a damaged one it removes.
 */
async function endsRight({ client, request: { path, headers }, sizeBytes, signal }: Sent): Promise<boolean> {
  try {
    const range = { ...headers, range: `bytes=${sizeBytes - 1}-` };
    const response = await client.request(path, { headers: range, ...signal && { signal } });
    await response.body?.pipeTo(new WritableStream());
    return isHit(response);
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** RFC 9211: a hit was answered without the upstream, which is the source here. */
function isHit({ ok, headers }: Response): boolean {
  return ok && /;\s*hit\b/.test(headers.get("cache-status") ?? "");
}

/**
 * True for a body that was only passed on: where the limits of the cache leave no room for it. A copy that was
 * revalidated, or that another key had, need not be stored.
 */
function isUnstored({ headers }: Response): boolean {
  const status = headers.get("cache-status") ?? "";
  return /;\s*fwd=/.test(status) && !/;\s*(?:stored|collapsed|detail=|fwd-status=304)/.test(status);
}

/**
 * The message of an error, without the full stop at its end. Some protocols wrap it in JSON, others have it between lines
 * about the request, which nobody has sent.
 */
function reasonIn(text: string): string {
  const { errors } = parseJsonObject(text) ?? {};
  const wrapped: unknown = Array.isArray(errors) ? errors[0]?.message : undefined;
  const [, message = text] = /^\d{3} \w+\n[A-Z]+ .*\n([^]*)\nRequest id: .*\n$/.exec(text) ?? [];
  return (typeof wrapped === "string" ? wrapped : message).trim().replace(/\.$/, "");
}
