import type { Fetchable } from "../artifact.ts";
import { confirmedByHead } from "../http/cache_status.ts";
import type { HeaderList } from "../http/headers.ts";
import { isSelectedBy, withOffered } from "../http/selection.ts";
import type { Entry } from "../store/store.ts";
import { withoutReuse } from "./identity.ts";
import { openLive } from "./opened.ts";
import type { StoredCopies } from "./stored_copies.ts";
import type { LiveBody } from "./transfer/live_body.ts";
import type { TransferHead } from "./transfer/transfer.ts";
import type { Sharing } from "./transfer/transfers.ts";
import type { OpenedArtifact, OpenOptions } from "./vault.ts";

/** One attempt to get an artifact from upstream for a client. */
export interface Attempt {
  readonly artifact: Fetchable;
  /** A copy that upstream is asked to revalidate; null where there is none. */
  readonly stale: Entry | null;
  readonly sharing: Sharing;
}

/** The client who waited for a transfer's head. */
export interface Waiting {
  readonly ask: OpenOptions;
  /** False for the one who started the transfer. */
  readonly isShared: boolean;
  readonly copies: StoredCopies;
}

/** Opens the head of a transfer for one attempt; or returns the next attempt, where it is not for its client. */
export async function openHead(
  head: TransferHead,
  attempt: Attempt,
  waiting: Waiting,
): Promise<OpenedArtifact | Attempt> {
  const { artifact, stale } = attempt;
  const { selectedBy } = head.kind === "confirmed" ? head.entry : head.body.version;
  if (waiting.isShared && head.kind === "body" && !head.body.storable) return { artifact, stale, sharing: "none" };
  if (waiting.isShared && !isSelectedBy(selectedBy, artifact)) {
    return { artifact: sendingSelected(artifact, selectedBy), stale, sharing: "variant" };
  }
  return head.kind === "confirmed"
    ? await openConfirmed(head, attempt, waiting)
    : await openBody(head.body, attempt, waiting);
}

async function openConfirmed(
  { entry, upstreamStatus }: Extract<TransferHead, { kind: "confirmed" }>,
  { artifact, stale, sharing }: Attempt,
  { isShared, copies }: Waiting,
): Promise<OpenedArtifact | Attempt> {
  const opened = await copies.open(artifact, entry, {
    hit: false,
    fwd: stale ? "stale" : "uri-miss",
    fwdStatus: upstreamStatus,
    collapsed: isShared,
    ...(upstreamStatus !== 304 && { detail: confirmedByHead }),
  });
  // A body that is gone after all is fetched without conditions: to revalidate it again would never end. Another's
  // transfer might do just that.
  return opened ?? { artifact: withoutReuse(artifact), stale: null, sharing: stale === null ? "none" : sharing };
}

async function openBody(
  body: LiveBody,
  { artifact, stale }: Attempt,
  { ask, isShared }: Waiting,
): Promise<OpenedArtifact | Attempt> {
  if (isShared && !body.storing) return { artifact, stale, sharing: "none" };
  return await openLive(body, {
    hit: false,
    fwd: stale ? (ask.caching?.noCache ? "request" : "stale") : "uri-miss",
    fwdStatus: body.upstreamStatus,
    stored: body.storing,
    collapsed: isShared,
  });
}

/** The artifact with the headers by which upstream tells its variants apart, so that others do not share it. */
function sendingSelected(artifact: Fetchable, selectedBy: HeaderList): Fetchable {
  return { ...artifact, requestHeaders: withOffered(selectedBy.map(([name]) => name), artifact) };
}
