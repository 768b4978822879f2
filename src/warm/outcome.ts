import { isMissing, VaultError } from "../errors.ts";
import { cacheResult, type CacheStatus } from "../http/cache_status.ts";
import { statedReason } from "../http/stated_reason.ts";
import type { FetchedAhead } from "../reader.ts";

/** What has become of a request. Sizes are in bytes; undefined where nobody has told them. */
export type Outcome =
  /** It was fetched, and is stored. */
  | { readonly kind: "new"; readonly sizeBytes: number }
  /** It was there already, and is fresh. */
  | { readonly kind: "cached"; readonly sizeBytes: number | undefined }
  /** It is not there, and would be fetched but for `--dry-run`. */
  | { readonly kind: "planned"; readonly sizeBytes: number | undefined }
  | { readonly kind: "failed"; readonly reason: string };

/** What the vault says about a body: it is cached, it came or comes from upstream, or there is none. */
export type Answered =
  | { readonly kind: "cached" | "fetched"; readonly sizeBytes: number | undefined }
  | { readonly kind: "failed"; readonly reason: string; readonly isMissing: boolean };

const stale = failed("the cached copy is stale, and could not be revalidated upstream");

/** Says what has become of a body that was fetched ahead. */
export function answeredAhead({ cacheStatus, sizeBytes, isUnchanged = false }: FetchedAhead): Answered {
  switch (cacheResult(cacheStatus)) {
    case "stale":
      return stale;
    case "hit":
    case "revalidated":
      return { kind: "cached", sizeBytes };
    default:
      return { kind: isUnchanged ? "cached" : "fetched", sizeBytes };
  }
}

/** Says why the vault has no body. Throws what is no VaultError. */
export function answeredByError(error: unknown): Answered {
  if (!(error instanceof VaultError)) throw error;
  return failed(error.message, isMissing(error));
}

/** Reads an answer of the vault. The body of a failure is read; any other is left to the caller. */
export async function readAnswer(response: Response, method: "GET" | "HEAD"): Promise<Answered> {
  const { status, headers } = response;
  if (status >= 300) return failed(await reasonOf(response), status === 404 || status === 410);
  const length = headers.get("content-length");
  const cacheStatus = parseCacheStatus(headers);
  const result = cacheStatus && cacheResult(cacheStatus);
  const forbidden = method === "GET" && result === "miss" && !cacheStatus!.stored && !cacheStatus!.collapsed;
  if (result !== "stale" && !forbidden) {
    const kind = result === "miss" || result === "bypass" ? "fetched" : "cached";
    return { kind, sizeBytes: length === null ? undefined : Number(length) };
  }
  await response.body?.cancel();
  return forbidden ? failed("it is not stored: upstream forbids caches to store it") : stale;
}

function failed(reason: string, isMissing = false): Extract<Answered, { kind: "failed" }> {
  return { kind: "failed", reason, isMissing };
}

/** Parses the vault's own member of `Cache-Status` (RFC 9211); null for an answer that needs no cache. */
function parseCacheStatus(headers: Headers): CacheStatus | null {
  const member = (headers.get("cache-status") ?? "").split(",").findLast((member) => /^\s*vault\b/.test(member));
  if (member === undefined) return null;
  const has = (name: string) => new RegExp(`;\\s*${name}(?:;|\\s*$)`).test(member);
  const [, detail] = /;\s*detail="?([\w-]+)/.exec(member) ?? [];
  const [, fwdStatus] = /;\s*fwd-status=(\d+)/.exec(member) ?? [];
  return {
    hit: has("hit"),
    ...detail !== undefined && { detail },
    ...fwdStatus !== undefined && { fwdStatus: Number(fwdStatus) },
    stored: has("stored"),
    collapsed: has("collapsed"),
  };
}

/** Returns why the vault refuses a request, in its own words. */
async function reasonOf(response: Response): Promise<string> {
  const body = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("content-type") ?? "";
  const [head = "", , message = ""] = new TextDecoder().decode(body).split("\n");
  const isVaults = /^\d{3} \w+$/.test(head) && message !== "";
  if (isVaults) return message;
  // The answer to a HEAD has no body, but the code of the error.
  const code = parseCacheStatus(response.headers)?.detail;
  return statedReason(type, body) ?? `the vault answered ${response.status}${code === undefined ? "" : ` (${code})`}`;
}
