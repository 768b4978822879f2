import type { Artifact } from "../../artifact.ts";
import { keepHeaders } from "../../http/headers.ts";
import type { BodyBeginning } from "./arriving_body.ts";

/**
 * The artifact with what the answer tells: the headers it was selected by, and its digest. What goes on from staged
 * bytes is hashed by SHA-256 only, where no digest was known before.
 */
export function asAnswered(
  artifact: Artifact,
  { answer: { response, requestHeaders }, resumed }: BodyBeginning,
): Artifact {
  const asked = { ...artifact, requestHeaders };
  if (artifact.digest || !artifact.announcedDigest) return asked;
  const digest = artifact.announcedDigest(keepHeaders(response.headers));
  return digest && (!resumed || digest.algorithm === "sha256") ? { ...asked, digest } : asked;
}
