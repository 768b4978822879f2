import { contentLengthOf, keepHeaders } from "../http/headers.ts";
import type { ByteRange } from "../http/range.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { Entry, StoredBody } from "../store/store.ts";
import type { Answer } from "./asking/ask_upstream.ts";
import type { Follower } from "./transfer/follower.ts";
import { MemoryChunks, streamOf } from "./streams/chunks.ts";
import { ChunksInTurn } from "./streams/chunks_in_turn.ts";
import { heldBackBytes } from "./streams/held_back.ts";
import { redirectedTo } from "./asking/redirected_to.ts";
import { chunksToVerify, storedChunks } from "./streams/stored_chunks.ts";
import type { LiveBody } from "./transfer/live_body.ts";
import type { ChunkReader, OpenedArtifact } from "./vault.ts";
import type { Verification } from "./hashing/verification.ts";

const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000));

interface FromStore {
  readonly cacheStatus: CacheStatus;
  readonly verification: Verification;
}

/** A stored representation. One that is not verified yet is verified while it is read. */
export function openedFromStore(
  entry: Entry,
  body: StoredBody,
  { cacheStatus, verification }: FromStore,
): OpenedArtifact {
  const chunks = (range: ByteRange = { start: 0, end: entry.sizeBytes }, ...others: readonly ByteRange[]) => {
    if (body.kind === "bytes" || body.unverified === null) return storedChunks(body, [range, ...others]);
    const verified = verification.require(body.unverified);
    // Where the client is gone by then, nobody waits for it.
    verified.catch(() => {});
    if (others.length > 0) return storedChunks(body, [range, ...others]);
    return chunksToVerify(body.file, range, { verified, sizeBytes: entry.sizeBytes });
  };
  return {
    headers: entry.headers,
    sizeBytes: entry.sizeBytes,
    ageSeconds: seconds(Date.now() - entry.generatedAt),
    cacheStatus,
    upstream: entry.url,
    location: entry.location,
    sha256: entry.sha256,
    ranges: true,
    bytes: body.kind === "bytes" ? body.bytes : null,
    chunks,
    stream: (...ranges) => streamOf(chunks(...ranges)),
    close() {
      if (body.kind === "file") body.file.close();
    },
  };
}

/** A body that is arriving, read as it grows. */
function openGrowing(body: LiveBody, cacheStatus: CacheStatus): OpenedArtifact {
  const follower = body.follow();
  const { headers, generatedAt, url, location } = body.version;
  const chunks = (range?: ByteRange, ...others: readonly ByteRange[]) => {
    if (others.length === 0) return followed(body, follower, range);
    // All of them from now on, so that the transfer counts as wanted between two of them.
    const followers = [follower, ...others.map(() => body.follow())];
    const opens = [range, ...others].map((range, i) => () => followed(body, followers[i]!, range));
    return new ChunksInTurn(opens, () => followers.forEach((follower) => follower.close()));
  };
  return {
    headers,
    sizeBytes: body.sizeBytes ?? undefined,
    ageSeconds: seconds(Date.now() - generatedAt),
    cacheStatus,
    upstream: url,
    location,
    ranges: body.sizeBytes !== null && body.storing,
    bytes: null,
    chunks,
    stream: (...ranges) => streamOf(chunks(...ranges)),
    close: () => follower.close(),
  };
}

/**
 * Opens a body that is arriving. One that nobody has any of until it is checked is waited for, so that it can still be
 * refused with a proper error. Rejects with what is wrong with it.
 */
export async function openLive(body: LiveBody, cacheStatus: CacheStatus): Promise<OpenedArtifact> {
  const opened = openGrowing(body, cacheStatus);
  const isAllHeldBack = body.gated && body.sizeBytes !== null && body.sizeBytes <= heldBackBytes;
  try {
    if (isAllHeldBack) await body.verified;
    else if (body.isDocument) await body.checked;
    const { sha256: arrivedSha256 } = body;
    return arrivedSha256 === undefined ? opened : { ...opened, arrivedSha256 };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Opens an answer to HEAD: headers, and no body. */
export function openedHead(answer: Answer, generatedAt: number, cacheStatus: CacheStatus): OpenedArtifact {
  const { response, candidate } = answer;
  const sizeBytes = contentLengthOf(response.headers) ?? undefined;
  return {
    headers: keepHeaders(response.headers),
    sizeBytes,
    ageSeconds: seconds(Date.now() - generatedAt),
    cacheStatus,
    upstream: candidate.url,
    location: redirectedTo(answer),
    ranges: sizeBytes !== undefined,
    bytes: null,
    chunks: () => new MemoryChunks(new Uint8Array()),
    stream: () => streamOf(new MemoryChunks(new Uint8Array())),
    close() {},
  };
}

function followed(body: LiveBody, follower: Follower, range: ByteRange | undefined): ChunkReader {
  if (range) follower.narrow(range);
  body.ensureFetching(follower);
  return follower;
}
