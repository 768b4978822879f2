import { cacheResult, formatCacheStatus } from "../http/cache_status.ts";
import { ifRangeMatches, notModified, type Validators } from "../http/conditional.ts";
import { headerOf } from "../http/headers.ts";
import { type ByteRange, contentRange, type RangeSpec, resolveRanges, unsatisfiedRange } from "../http/range.ts";
import type { OpenedArtifact } from "../vault/vault.ts";
import { Multipart } from "./multipart.ts";
import { type Body, noChunks, type Reply } from "./reply.ts";
import { sandboxFor } from "./sandbox.ts";

/** The parts of a request that decide how a representation is sent. */
export interface Wanted {
  readonly method: "GET" | "HEAD";
  readonly headers: Headers;
  /** Null for HEAD, which knows no ranges (RFC 9110 §14.2). */
  readonly ranges: readonly RangeSpec[] | null;
}

type Header = readonly [name: string, value: string];

/** The headers of a 200 that a 304 repeats (RFC 9110 §15.4.5). */
const confirming: ReadonlySet<string> = new Set([
  "cache-control",
  "date",
  "etag",
  "expires",
  "vary",
]);

/**
 * The reply to a GET or HEAD: 200, 206, 304 or 416. Takes over `opened`, and closes it where its body is not sent.
 */
export function respond(opened: OpenedArtifact, wanted: Wanted): Reply {
  const validators = {
    etag: headerOf(opened.headers, "etag"),
    lastModified: headerOf(opened.headers, "last-modified"),
  };
  if (notModified(wanted.headers, validators)) return confirmation(opened, validators);
  if (wanted.ranges !== null && takesRange(opened, wanted.headers, validators)) {
    const ranges = resolveRanges(wanted.ranges, opened.sizeBytes!);
    if (ranges !== null) return partial(opened, ranges);
  }
  return whole(opened, wanted.method);
}

function whole(opened: OpenedArtifact, method: Wanted["method"]): Reply {
  const { sizeBytes, bytes } = opened;
  const headers = representationHeaders(opened);
  if (sizeBytes !== undefined) headers.push(["content-length", String(sizeBytes)]);
  if (method === "GET") return reply(opened, 200, headers, bytes ?? opened.chunks());
  opened.close();
  return reply(opened, 200, headers, sizeBytes === undefined ? noChunks : null);
}

function partial(opened: OpenedArtifact, ranges: readonly ByteRange[]): Reply {
  const size = opened.sizeBytes!;
  const [range] = ranges;
  if (range === undefined) {
    return withoutBody(opened, 416, [["content-range", unsatisfiedRange(size)], ["content-length", "0"]]);
  }
  if (ranges.length > 1) return inParts(opened, ranges);
  const { start, end } = range;
  const headers = representationHeaders(opened);
  headers.push(["content-range", contentRange(range, size)], ["content-length", String(end - start)]);
  return reply(opened, 206, headers, opened.bytes?.subarray(start, end) ?? opened.chunks(range));
}

/** Several ranges in one body (RFC 9110 §15.3.7.2). */
function inParts(opened: OpenedArtifact, ranges: readonly ByteRange[]): Reply {
  const type = headerOf(opened.headers, "content-type");
  const parts = new Multipart(ranges, { type, sizeBytes: opened.sizeBytes! });
  const headers = representationHeaders(opened).filter(([name]) => name !== "content-type");
  headers.push(["content-type", parts.contentType], ["content-length", String(parts.contentLength)]);
  const { bytes } = opened;
  return reply(opened, 206, headers, bytes === null ? parts.wrap(opened.chunks(...ranges)) : parts.of(bytes));
}

/** The 304. It has `Last-Modified` only for a copy without an ETag. */
function confirmation(opened: OpenedArtifact, { etag }: Validators): Reply {
  const headers = opened.headers.filter(([name]) =>
    confirming.has(name) || (name === "last-modified" && etag === undefined)
  );
  return withoutBody(opened, 304, headers);
}

/** False where the size is unknown or 0: a range has no meaning there. */
function takesRange(opened: OpenedArtifact, request: Headers, validators: Validators): boolean {
  if (!opened.ranges || !opened.sizeBytes) return false;
  const ifRange = request.get("if-range");
  return ifRange === null || ifRangeMatches(ifRange, validators);
}

function representationHeaders(opened: OpenedArtifact): Header[] {
  const headers = [...opened.headers, ...sandboxFor(opened.headers)];
  if (opened.ranges) headers.push(["accept-ranges", "bytes"]);
  return headers;
}

function withoutBody(opened: OpenedArtifact, status: number, headers: Header[]): Reply {
  opened.close();
  return reply(opened, status, headers, null);
}

/** Adds `Age`, which without a hit is for a response that upstream itself had from a cache (RFC 9111 §5.1). */
function reply({ ageSeconds, cacheStatus }: OpenedArtifact, status: number, headers: Header[], body: Body): Reply {
  if (cacheStatus.hit || ageSeconds > 0) headers.push(["age", String(ageSeconds)]);
  headers.push(["cache-status", formatCacheStatus(cacheStatus)]);
  return { status, headers, body, cache: cacheResult(cacheStatus) };
}
