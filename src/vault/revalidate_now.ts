import type { Artifact } from "../artifact.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { Vault } from "./vault.ts";

const pollMs = 20;
/** A transfer that others have started again meanwhile is not waited for. */
const mostPolls = 500;

/**
 * Asks upstream about an artifact however fresh its copy is, and has what is new stored. Resolves once the body is
 * stored, with how that went. Throws as `Vault.open`.
 */
export async function revalidateNow(vault: Pick<Vault, "open" | "status">, artifact: Artifact): Promise<CacheStatus> {
  const asked = { ...artifact, policy: { ...artifact.policy, honorClientNoCache: true } };
  const caching = { noCache: true, maxAgeMs: Infinity, minFreshMs: 0, onlyIfCached: false };
  const opened = await vault.open(asked, { method: "GET", caching });
  if (opened.bytes !== null) {
    opened.close();
    return opened.cacheStatus;
  }
  const chunks = opened.chunks();
  while (await chunks.read() !== null) chunks.release();
  await stored(() => vault.status(), artifact);
  return opened.cacheStatus;
}

/** The last bytes reach a reader just before the body is stored. */
async function stored(status: Vault["status"], { backend, key }: Artifact): Promise<void> {
  const isUnderWay = () => status().some((transfer) => transfer.backend === backend && transfer.key === key);
  for (let polls = 0; polls < mostPolls && isUnderWay(); polls++) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
