import type { Artifact } from "../../artifact.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { contentLengthOf, keepHeaders } from "../../http/headers.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry, Store } from "../../store/store.ts";
import type { Answer } from "./ask_upstream.ts";
import { confirmed } from "./revalidate.ts";
import { assess } from "../freshness.ts";

export interface SettleOptions {
  readonly artifact: Artifact;
  /** A stale copy, with its body. */
  readonly previous: Entry | null;
  readonly store: Store;
  readonly askHead: () => Promise<Answer>;
}

/** An entry whose body is held, with the answer that says so. */
export interface Settled {
  readonly answer: Answer;
  readonly entry: Entry;
}

/**
 * Asks with HEAD where that may show that the bytes are held already; null where it is not worth asking. `entry` is
 * null where the bytes have to be fetched. Throws as `askUpstream`.
 */
export async function settleByHead(options: SettleOptions): Promise<Settled | { answer: Answer; entry: null } | null> {
  const { artifact, previous, store } = options;
  if (artifact.announcedDigest ? previous === null : !isHeldElsewhere(artifact, store)) return null;
  const answer = await options.askHead();
  const digest = digestTold(artifact, answer);
  const known = previous && artifact.announcedDigest?.(previous.headers);
  if (previous && digest && known && formatDigest(known) === formatDigest(digest)) {
    return { answer, entry: confirmed(artifact, previous, answer.response, Date.now()) };
  }
  if (!artifact.adoptsHeld || digest?.algorithm !== "sha256") return { answer, entry: null };
  return { answer, entry: adoptedEntry(artifact, answer, store.bodySize(digest.hex)) };
}

/** The entry for bytes of this size that are held; null where there are none, or the answer to HEAD is about others. */
export function adoptedEntry(artifact: Artifact, answer: Answer, heldBytes: number | null): Entry | null {
  const toldBytes = contentLengthOf(answer.response.headers) ?? heldBytes;
  // A login page that takes the place of a body is of another size.
  return toldBytes === heldBytes ? entryFor(artifact, answer, heldBytes) : null;
}

/** What an answer to HEAD is worth keeping: the digest behind a name; null where it tells none, or no size. */
export function claimOf(artifact: Artifact, answer: Answer): Entry | null {
  const sizeBytes = contentLengthOf(answer.response.headers);
  const entry = artifact.announcedDigest ? entryFor(artifact, answer, sizeBytes) : null;
  return entry && { ...entry, claimed: true };
}

function entryFor(artifact: Artifact, answer: Answer, sizeBytes: number | null): Entry | null {
  const digest = digestTold(artifact, answer);
  if (digest?.algorithm !== "sha256" || sizeBytes === null) return null;
  const { headers } = answer.response;
  const now = Date.now();
  const { generatedAt, selectedBy } = assess(artifact, headers, now);
  return {
    ...{ storedAt: now, validatedAt: now, freshUntil: 0 },
    ...{ backend: artifact.backend, key: artifact.key, sha256: digest.hex, sizeBytes, headers: keepHeaders(headers) },
    ...{ generatedAt, selectedBy, url: sourceOf(answer) },
  };
}

function isHeldElsewhere({ adoptsHeld, digest }: Artifact, store: Store): boolean {
  return adoptsHeld === true && digest?.algorithm === "sha256" && store.bodySize(digest.hex) !== null;
}

function digestTold(artifact: Artifact, { response }: Answer): Digest | null {
  return artifact.digest ?? artifact.announcedDigest?.(keepHeaders(response.headers)) ?? null;
}

function sourceOf({ candidate }: Answer): string {
  return redactUrl(candidate.url);
}
