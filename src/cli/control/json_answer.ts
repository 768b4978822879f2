import { messageOf, VaultError } from "../../errors.ts";
import type { ApiRequest } from "./protocol.ts";
import type { VaultApi } from "./vault_api.ts";

/** Why something that answers is not asked further. */
export const noVault = "it is no Artifact Vault, or another version of it";

/**
 * Asks a vault for JSON. Throws `upstream_down` where it does not answer in time, and `upstream_failed` with what it says
 * where it refuses.
 */
export async function jsonOf(api: VaultApi, request: ApiRequest, timeoutMs: number): Promise<unknown> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), timeoutMs);
  try {
    const { status, body } = await api.ask(request, patience.signal);
    const text = await new Response(body).text();
    if (status >= 200 && status < 300) return parsed(text);
    throw new VaultError("upstream_failed", refusalOf(status, text));
  } catch (error) {
    if (error instanceof VaultError && !patience.signal.aborted) throw error;
    const why = patience.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error);
    throw new VaultError("upstream_down", why, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VaultError("upstream_failed", noVault, { cause: error });
  }
}

/** What an answer that is none says, in a sentence: the `detail` of its problem (RFC 9457), or its status. */
export function refusalOf(status: number, text: string): string {
  try {
    const { detail } = JSON.parse(text);
    if (typeof detail === "string") return detail.slice(0, 1000);
  } catch {
    // It is no problem of a vault's.
  }
  return status === 404 ? noVault : `it answers ${status}`;
}
