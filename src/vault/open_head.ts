import type { Fetchable } from "../artifact.ts";
import { confirmedByHead } from "../http/cache_status.ts";
import type { HeaderList } from "../http/headers.ts";
import { isSelectedBy, withOffered } from "../http/selection.ts";
import type { Entry } from "../store/store.ts";
import { withoutReuse } from "./identity.ts";
import { openArriving } from "./opened.ts";
import type { StoredCopies } from "./stored_copies.ts";
import type { Head, Transfer } from "./transfer/transfer.ts";
import type { Sharing } from "./transfer/transfers.ts";
import type { Ask, Opened } from "./vault.ts";

/** Who waited for a head, and how they came to its transfer. */
export interface Waited {
  readonly artifact: Fetchable;
  readonly ask: Ask;
  readonly stale: Entry | null;
  readonly sharing: Sharing;
  readonly joined: boolean;
  readonly copies: StoredCopies;
}

/** Another transfer is needed. */
export interface Again {
  readonly again: Fetchable;
  readonly stale: Entry | null;
  readonly sharing: Sharing;
}

/** What a transfer brings for one who waited for its head; or how to ask again, where that is not for them. */
export async function openHead(transfer: Transfer, head: Head, waited: Waited): Promise<Opened | Again> {
  const { artifact, ask, stale, sharing, joined, copies } = waited;
  const selectedBy = head.kind === "confirmed" ? head.entry.selectedBy : transfer.version!.selectedBy;
  if (joined && head.kind === "body" && !head.storable) return { again: artifact, stale, sharing: "none" };
  if (joined && !isSelectedBy(selectedBy, artifact)) {
    return { again: sendingSelected(artifact, selectedBy), stale, sharing: "selection" };
  }
  if (head.kind === "confirmed") {
    const fwd = stale ? "stale" : "uri-miss";
    const fwdStatus = head.upstreamStatus;
    const byHead = fwdStatus === 304 ? {} : { detail: confirmedByHead };
    const opened = await copies.open(artifact, head.entry, {
      hit: false,
      fwd,
      fwdStatus,
      collapsed: joined,
      ...byHead,
    });
    // A body that is gone after all is fetched without conditions: to confirm it again would go on for ever. Another's
    // transfer might do just that.
    const unconditionally = withoutReuse(artifact);
    return opened ?? { again: unconditionally, stale: null, sharing: stale === null ? "none" : sharing };
  }
  if (joined && !transfer.storing) return { again: artifact, stale, sharing: "none" };
  return await openArriving(transfer, head, {
    hit: false,
    fwd: stale ? (ask.caching?.noCache ? "request" : "stale") : "uri-miss",
    fwdStatus: head.upstreamStatus,
    stored: transfer.storing,
    collapsed: joined,
  });
}

/** The artifact with the headers by which upstream tells its representations apart, so that others do not share it. */
function sendingSelected(artifact: Fetchable, selectedBy: HeaderList): Fetchable {
  return { ...artifact, requestHeaders: withOffered(selectedBy.map(([name]) => name), artifact) };
}
