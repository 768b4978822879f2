import type { Fetchable } from "../artifact.ts";
import { messageOf } from "../errors.ts";
import { keepHeaders } from "../http/headers.ts";
import type { Log } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import type { Answer } from "./asking/ask_upstream.ts";
import { openLive } from "./opened.ts";
import { entryOfSameBytes } from "./asking/revalidate_by_head.ts";
import type { Transfer } from "./transfer/transfer.ts";
import type { OpenedArtifact } from "./vault.ts";

export interface SameBytesOptions {
  readonly artifact: Fetchable;
  readonly store: Store;
  readonly log: Log;
  readonly askHead: () => Promise<Answer>;
}

/**
 * Follows a transfer of the same digest under another key, once upstream has said by HEAD that it has those bytes here
 * too; when they are stored, this key has them as well. Null where it cannot be followed. Throws the errors of
 * `askUpstream`.
 */
export async function followSameBytes(transfer: Transfer, options: SameBytesOptions): Promise<OpenedArtifact | null> {
  const { artifact, store, log, askHead } = options;
  using _lease = transfer.join();
  const answer = await askHead();
  const head = await transfer.head().catch(() => null);
  if (head?.kind !== "body" || transfer.stopping) return null;
  const { body } = head;
  if (!body.storing || body.sizeBytes === null) return null;
  const { response } = answer;
  const entry = entryOfSameBytes(artifact, answer, body.sizeBytes);
  if (entry === null) return null;
  transfer.ended.then(async () => {
    if (store.bodySize(entry.sha256) === entry.sizeBytes) await store.putEntry(entry);
  }).catch((error) => log.warning(messageOf(error)));
  const status = { hit: false, fwd: "uri-miss", fwdStatus: response.status, collapsed: true } as const;
  return { ...await openLive(body, status), headers: keepHeaders(response.headers) };
}
