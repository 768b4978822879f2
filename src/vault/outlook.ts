import type { Artifact } from "../artifact.ts";
import type { Log } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import { decide, type Decision, freshUntil } from "./freshness.ts";
import { isUnfounded } from "./key_by_digest.ts";
import { missReason } from "./miss_reason.ts";
import { isReplaced } from "./replaced.ts";

/** What a vault would do about the next request for an artifact. */
export interface Outlook {
  readonly decision: Decision;
  /** Why upstream would be asked; null where it would not. */
  readonly reason: string | null;
  readonly freshness: Artifact["freshness"]["kind"];
  /** When its freshness ends, in ms since the epoch: `Infinity` for never, 0 for never fresh or not cached. */
  readonly freshUntil: number;
}

interface OutlookDeps {
  readonly store: Pick<Store, "find" | "hasBody">;
  readonly log: Log;
}

/** Returns what `Vault.open` would do now for a client without demands, and does none of it. */
export async function outlookOf(artifact: Artifact, { store, log }: OutlookDeps): Promise<Outlook> {
  const now = Date.now();
  const found = store.find(artifact);
  const founded = found !== null && isUnfounded(found, artifact) ? null : found;
  const replaced = founded !== null && await isReplaced(artifact, founded, log);
  const entry = founded !== null && !replaced && store.hasBody(founded) ? founded : null;
  const decision = decide(artifact, { entry, now, caching: null });
  return {
    decision,
    reason: decision === "serve" ? null : missReason(artifact, { found, entry, replaced, now, caching: null }),
    freshness: artifact.freshness.kind,
    freshUntil: founded === null ? 0 : freshUntil(artifact, founded),
  };
}
