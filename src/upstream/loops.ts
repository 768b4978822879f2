import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { discardBody } from "./byte_source.ts";
import { shownUrl } from "./shown_url.ts";

/**
 * Throws `loop_detected` where upstream answers 508 (RFC 5842 §7.2): the URL leads back to this vault, or to another
 * proxy, which found its own name in `Via`.
 */
export function withLoopDetection(fetch: Fetch): Fetch {
  return async (request) => {
    const response = await fetch(request);
    if (response.status !== 508) return response;
    discardBody(response);
    const message = `Cannot fetch "${shownUrl(request.url)}": it answered 508, loop detected; this URL leads back to ` +
      "where the request came from, so correct the URL of this upstream";
    throw new VaultError("loop_detected", message, { upstreamStatus: 508 });
  };
}
