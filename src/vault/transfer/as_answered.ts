import type { Fetchable } from "../../artifact.ts";
import { keepHeaders } from "../../http/headers.ts";
import type { BodyResponse } from "./first_response.ts";

/**
 * The artifact with what the answer tells: the headers it was selected by, and its digest. A body that
 * is resumed from staged bytes is hashed by SHA-256 only, where no digest was known before.
 */
export function asAnswered(
  artifact: Fetchable,
  { answer: { response, requestHeaders }, resumed }: BodyResponse,
): Fetchable {
  const asked = { ...artifact, requestHeaders };
  const { identity } = artifact;
  if (identity.kind !== "announced") return asked;
  const digest = identity.digestIn(keepHeaders(response.headers));
  if (digest === null || (resumed && digest.algorithm !== "sha256")) return asked;
  return { ...asked, identity: { kind: "digest", digest, reuse: identity.reuse } };
}
