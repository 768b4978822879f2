import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import { jsonOf } from "../control/json_answer.ts";
import { urlApi } from "../control/url_api.ts";
import type { VaultApi } from "../control/vault_api.ts";

/** What a running vault tells of its use since its start. */
export interface Usage {
  readonly url: string;
  /** From 0 to 1. */
  readonly hitRate: number;
  readonly uptimeSeconds: number;
}

/** A vault on this machine answers at once. */
const timeoutMs = 2000;

/** A vault with this configuration, at its address as seen from this machine; null where only it knows its port. */
export function usualApi({ http_host, http_port, tls }: Config): VaultApi | null {
  if (http_port === 0) return null;
  const host = http_host === "0.0.0.0" ? "127.0.0.1" : http_host === "::" ? "::1" : http_host;
  return urlApi(`${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${http_port}`);
}

/** Asks a running vault. Throws `upstream_down` where none answers. */
export async function readUsage(api: VaultApi): Promise<Usage> {
  const { url } = api;
  const fail = (why: string): never => {
    throw new VaultError("upstream_down", `Cannot ask the vault at ${url} for its hit rate: ${why}`);
  };
  const answer = await jsonOf(api, { method: "GET", path: "/-/metrics?format=json", body: null }, timeoutMs)
    .catch((error) => fail(error.message));
  const { cache_hit_rate: hitRate, uptime } = (answer ?? {}) as { cache_hit_rate?: unknown; uptime?: unknown };
  if (typeof hitRate !== "number" || typeof uptime !== "number") return fail("its answer is not that of a vault");
  return { url, hitRate, uptimeSeconds: uptime };
}
