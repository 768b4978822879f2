import type { Artifact } from "../../artifact.ts";
import type { HeaderList } from "../../http/headers.ts";
import { varyNames } from "../../http/response_caching.ts";
import { withOffered } from "../../http/selection.ts";
import type { Version } from "../../store/store.ts";

/** A response, and the request headers that it was selected by. */
export interface Selected {
  readonly response: Response;
  /** The artifact's own headers that were sent, and those that upstream's `Vary` names. */
  readonly requestHeaders: HeaderList;
}

/**
 * Asks with the headers that the stored copy was selected by. An answer whose `Vary` names a header of the client's
 * that was not sent is the answer to another client: asks once more, with that header.
 */
export async function askSelecting(
  artifact: Artifact,
  previous: Version | null | undefined,
  ask: (requestHeaders: HeaderList) => Promise<Response>,
): Promise<Selected> {
  const requestHeaders = withOffered(previous?.selectedBy.map(([name]) => name) ?? [], artifact);
  const response = await ask(requestHeaders);
  const selecting = withOffered(varyNames(response.headers), { ...artifact, requestHeaders });
  if (selecting === requestHeaders) return { response, requestHeaders };
  await response.body?.cancel().catch(() => {});
  return { response: await ask(selecting), requestHeaders: selecting };
}
