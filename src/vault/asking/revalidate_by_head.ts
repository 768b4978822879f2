import type { Fetchable } from "../../artifact.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { contentLengthOf, keepHeaders } from "../../http/headers.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry, Store } from "../../store/store.ts";
import type { Answer } from "./ask_upstream.ts";
import { refreshedVersion } from "./revalidate.ts";
import { assess } from "../freshness.ts";
import { digestOf, reusableSha256 } from "../identity.ts";

export interface RevalidateByHeadOptions {
  readonly artifact: Fetchable;
  /** A stale copy, with its body. */
  readonly previous: Entry | null;
  readonly store: Store;
  readonly askHead: () => Promise<Answer>;
}

type Announced = Extract<Fetchable["identity"], { kind: "announced" }>;

/** An entry whose body is stored, with the answer that says so. */
export interface Confirmed {
  readonly answer: Answer;
  readonly entry: Entry;
}

/**
 * Asks with HEAD where that may show that the bytes are stored already; null where it is not worth asking. `entry` is
 * null where the bytes have to be fetched. Throws the errors of `askUpstream`.
 */
export async function revalidateByHead(
  options: RevalidateByHeadOptions,
): Promise<Confirmed | { answer: Answer; entry: null } | null> {
  const { artifact, previous, store } = options;
  const { identity } = artifact;
  switch (identity.kind) {
    case "unknown":
      return null;
    case "digest": {
      const sha256 = reusableSha256(identity);
      const storedBytes = sha256 === null ? null : store.bodySize(sha256);
      if (storedBytes === null) return null;
      const answer = await options.askHead();
      return { answer, entry: entryOfSameBytes(artifact, answer, storedBytes) };
    }
    case "announced":
      return previous === null ? null : await revalidateAnnounced(artifact, previous, { ...options, identity });
  }
}

/** The stale copy itself where it has the digest that upstream announces, else stored bytes that have it. */
async function revalidateAnnounced(
  artifact: Fetchable,
  previous: Entry,
  { store, askHead, identity }: RevalidateByHeadOptions & { readonly identity: Announced },
): Promise<Confirmed | { answer: Answer; entry: null }> {
  const answer = await askHead();
  const digest = digestIn(artifact, answer);
  const known = identity.digestIn(previous.headers);
  if (digest && known && formatDigest(known) === formatDigest(digest)) {
    return { answer, entry: refreshedVersion(artifact, previous, answer.response, Date.now()) };
  }
  if (identity.reuse === "never" || digest?.algorithm !== "sha256") return { answer, entry: null };
  return { answer, entry: entryOfSameBytes(artifact, answer, store.bodySize(digest.hex)) };
}

/**
 * Returns the entry for stored bytes of this size; null where there are none, or where the answer to HEAD is about
 * others.
 */
export function entryOfSameBytes(artifact: Fetchable, answer: Answer, heldBytes: number | null): Entry | null {
  const toldBytes = contentLengthOf(answer.response.headers) ?? heldBytes;
  // A login page that takes the place of a body is of another size.
  return toldBytes === heldBytes ? entryFor(artifact, answer, heldBytes) : null;
}

/** Returns an entry with the digest behind a name, from an answer to HEAD; null where it has no digest or no size. */
export function entryFromHead(artifact: Fetchable, answer: Answer): Entry | null {
  const sizeBytes = contentLengthOf(answer.response.headers);
  const entry = artifact.identity.kind === "announced" ? entryFor(artifact, answer, sizeBytes) : null;
  return entry && { ...entry, claimed: true };
}

function entryFor(artifact: Fetchable, answer: Answer, sizeBytes: number | null): Entry | null {
  const digest = digestIn(artifact, answer);
  if (digest?.algorithm !== "sha256" || sizeBytes === null) return null;
  const { headers } = answer.response;
  const now = Date.now();
  const { generatedAt, selectedBy } = assess(artifact, headers, now);
  return {
    backend: artifact.backend,
    key: artifact.key,
    sha256: digest.hex,
    sizeBytes,
    headers: keepHeaders(headers),
    url: redactUrl(answer.candidate.url),
    selectedBy,
    generatedAt,
    storedAt: now,
    validatedAt: now,
    freshUntil: 0,
  };
}

function digestIn({ identity }: Fetchable, { response }: Answer): Digest | null {
  return digestOf(identity, keepHeaders(response.headers));
}
