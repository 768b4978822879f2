import { contentLengthOf, keepHeaders } from "../http/headers.ts";
import type { ByteRange } from "../http/range.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { BodyFile, Entry, StoredBody } from "../store/store.ts";
import type { Answer } from "./ask_upstream.ts";
import type { Follower } from "./follower.ts";
import { MemoryChunks, streamOf } from "./chunks.ts";
import { ChunksInTurn } from "./chunks_in_turn.ts";
import { FileChunks } from "./file_chunks.ts";
import { heldBackBytes } from "./growing_file.ts";
import { redirectedTo } from "./redirected_to.ts";
import type { Head, Transfer } from "./transfer.ts";
import type { ChunkReader, Opened } from "./vault.ts";

const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000));

/** A stored representation. */
export function openedFromStore(entry: Entry, body: StoredBody, cacheStatus: CacheStatus): Opened {
  const chunks = (range: ByteRange = { start: 0, end: entry.sizeBytes }, ...others: readonly ByteRange[]) =>
    others.length === 0 ? storedChunks(body, range) : storedInTurn(body, [range, ...others]);
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

function storedChunks(body: StoredBody, { start, end }: ByteRange): ChunkReader {
  return body.kind === "bytes"
    ? new MemoryChunks(body.bytes.subarray(start, end))
    : new FileChunks(body.file, start, end);
}

function storedInTurn(body: StoredBody, ranges: readonly ByteRange[]): ChunkReader {
  if (body.kind === "bytes") return new ChunksInTurn(ranges.map((range) => () => storedChunks(body, range)), () => {});
  const { file } = body;
  const shared: BodyFile = { read: (buffer, offset) => file.read(buffer, offset), close() {} };
  const opens = ranges.map((range) => () => storedChunks({ kind: "file", file: shared }, range));
  return new ChunksInTurn(opens, () => file.close());
}

/** A body that is on its way, read as it grows. */
function openedFromTransfer(
  transfer: Transfer,
  head: Extract<Head, { kind: "body" }>,
  cacheStatus: CacheStatus,
): Opened {
  const follower = transfer.follow();
  const { headers, generatedAt, url, location } = transfer.version!;
  const chunks = (range?: ByteRange, ...others: readonly ByteRange[]) => {
    if (others.length === 0) return followed(transfer, follower, range);
    // All of them from now on, so that the transfer counts as wanted between two of them.
    const followers = [follower, ...others.map(() => transfer.follow())];
    const opens = [range, ...others].map((range, i) => () => followed(transfer, followers[i]!, range));
    return new ChunksInTurn(opens, () => followers.forEach((follower) => follower.close()));
  };
  return {
    headers,
    sizeBytes: head.sizeBytes ?? undefined,
    ageSeconds: seconds(Date.now() - generatedAt),
    cacheStatus,
    upstream: url,
    location,
    ranges: head.sizeBytes !== null && transfer.storing,
    bytes: null,
    chunks,
    stream: (...ranges) => streamOf(chunks(...ranges)),
    close: () => follower.close(),
  };
}

/** A body that nobody has any of until it is checked can still be refused with a proper error. */
export async function openArriving(
  transfer: Transfer,
  head: Extract<Head, { kind: "body" }>,
  cacheStatus: CacheStatus,
): Promise<Opened> {
  const opened = openedFromTransfer(transfer, head, cacheStatus);
  const allHeldBack = transfer.gated && head.sizeBytes !== null && head.sizeBytes <= heldBackBytes;
  try {
    if (allHeldBack) await transfer.verified;
    else if (transfer.artifact.checkedBy) await transfer.inspected;
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** What upstream answered to HEAD: headers, and no body. */
export function openedHead(answer: Answer, generatedAt: number, cacheStatus: CacheStatus): Opened {
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

function followed(transfer: Transfer, follower: Follower, range: ByteRange | undefined): ChunkReader {
  if (range) follower.narrow(range);
  transfer.want(follower);
  return follower;
}
