import type { Artifact, Mention } from "../artifact.ts";
import { type Digest, formatDigest } from "../digest.ts";
import { VaultError } from "../errors.ts";
import { contentLengthOf, keepHeaders } from "../http/headers.ts";
import { redactUrl } from "../observe/redact.ts";
import type { Entry, Store } from "../store/store.ts";
import type { Answer } from "./ask_upstream.ts";
import { confirmed } from "./confirm.ts";
import { assess } from "./freshness.ts";

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

/** Asks with HEAD where that may show that the bytes are held already; null where they have to be fetched. Throws as `askUpstream`. */
export async function settleByHead(options: SettleOptions): Promise<Settled | null> {
  const { artifact, previous, store } = options;
  if (artifact.announcedDigest ? previous === null : !isHeldElsewhere(artifact, store)) return null;
  const answer = await options.askHead().catch(nothingWhereUnsupported);
  if (answer === null) return null;
  const digest = digestTold(artifact, answer);
  const known = previous && artifact.announcedDigest?.(previous.headers);
  if (previous && digest && known && formatDigest(known) === formatDigest(digest)) {
    return { answer, entry: { ...confirmed(artifact, previous, answer.response, Date.now()), url: sourceOf(answer) } };
  }
  const entry = entryFor(artifact, answer, (sha256) => store.bodySize(sha256));
  return entry && { answer, entry };
}

/** What an answer to HEAD is worth keeping: the digest behind a name; null where it tells none, or no size. */
export function claimOf(artifact: Artifact, answer: Answer): Entry | null {
  const sizeBytes = contentLengthOf(answer.response.headers);
  const entry = artifact.announcedDigest ? entryFor(artifact, answer, () => sizeBytes) : null;
  return entry && { ...entry, claimed: true };
}

/** The entry for an artifact that another one's document mentions. */
export function claimFromMention(artifact: Artifact, { key, sha256, sizeBytes, headers }: Mention, url: string): Entry {
  return { ...newEntry(Date.now()), backend: artifact.backend, key, sha256, sizeBytes, headers, url, claimed: true };
}

function entryFor(artifact: Artifact, answer: Answer, sizeOf: (sha256: string) => number | null): Entry | null {
  const digest = digestTold(artifact, answer);
  const sizeBytes = digest?.algorithm === "sha256" ? sizeOf(digest.hex) : null;
  if (digest === null || sizeBytes === null) return null;
  const { headers } = answer.response;
  const now = Date.now();
  const { generatedAt, selectedBy } = assess(artifact, headers, now);
  return {
    ...newEntry(now),
    ...{ backend: artifact.backend, key: artifact.key, sha256: digest.hex, sizeBytes, headers: keepHeaders(headers) },
    ...{ generatedAt, selectedBy, url: sourceOf(answer) },
  };
}

function newEntry(now: number) {
  return { storedAt: now, validatedAt: now, generatedAt: now, freshUntil: 0, selectedBy: [] };
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

/** Some upstreams know no HEAD; GET will tell. */
function nothingWhereUnsupported(error: unknown): null {
  const status = error instanceof VaultError ? error.upstreamStatus : undefined;
  if (status === 400 || status === 405 || status === 501) return null;
  throw error;
}
