import { contentLengthOf } from "./headers.ts";

/** One range of a `Range` header, before the size is known: `bytes=first-`, `bytes=first-last` or `bytes=-suffix`. */
export type RangeSpec =
  | { readonly kind: "from"; readonly first: number; readonly last?: number }
  | { readonly kind: "suffix"; readonly length: number };

/** A range of a body whose size is known; `end` is exclusive and `start < end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
  /** True where everything from `start` on was asked for: it may complete an interrupted download. */
  readonly openEnded?: boolean;
}

/** A `Content-Range`: the bytes that a 206 carries, `end` exclusive, and the whole size where the sender knew it. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined;
}

/** The most ranges that one request may have: no client of packages or images needs as many. */
const mostRanges = 1024;

/**
 * Parses a `Range` header into its ranges of bytes, in order. Null for everything that a server is to ignore (RFC 9110
 * §14.2): other units, malformed ranges, and more than 1024 of them.
 */
export function parseRanges(header: string | null): readonly RangeSpec[] | null {
  if (header === null) return null;
  const list = /^bytes=(.*)$/i.exec(header)?.[1];
  if (list === undefined) return null;
  if (!list.includes(",")) {
    const spec = parseSpec(list.trim());
    return spec && [spec];
  }
  // A list may have empty members (RFC 9110 §5.6.1.2).
  const members = list.split(",").map((member) => member.trim()).filter((member) => member !== "");
  if (members.length === 0 || members.length > mostRanges) return null;
  const specs = members.map(parseSpec);
  return specs.every((spec) => spec !== null) ? specs : null;
}

function parseSpec(text: string): RangeSpec | null {
  const match = /^(?:(\d+)-(\d*)|-(\d+))$/.exec(text);
  if (match === null) return null;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) return { kind: "suffix", length: position(suffix) };
  if (!last) return { kind: "from", first: position(first!) };
  if (position(last) < position(first!)) return null;
  return { kind: "from", first: position(first!), last: position(last) };
}

/** Returns the bytes that a range means in a body of `sizeBytes`; null where it is unsatisfiable. */
export function resolveRange(spec: RangeSpec, sizeBytes: number): ByteRange | null {
  if (spec.kind === "suffix") {
    return spec.length === 0 || sizeBytes === 0
      ? null
      : { start: Math.max(0, sizeBytes - spec.length), end: sizeBytes };
  }
  if (spec.first >= sizeBytes) return null;
  if (spec.last === undefined) return { start: spec.first, end: sizeBytes, openEnded: true };
  return { start: spec.first, end: Math.min(spec.last + 1, sizeBytes) };
}

/**
 * Returns the bytes that several ranges mean, in their order and without the unsatisfiable ones. Null where these are
 * more bytes than the body has, as of ranges that overlap: the whole body is then sent instead (RFC 9110 §14.2).
 */
export function resolveRanges(specs: readonly RangeSpec[], sizeBytes: number): readonly ByteRange[] | null {
  const ranges = specs.map((spec) => resolveRange(spec, sizeBytes)).filter((range) => range !== null);
  const wanted = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return wanted <= sizeBytes ? ranges : null;
}

/** Formats the `Content-Range` of a 206. */
export function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`;
}

/** Formats the `Content-Range` of a 416. */
export function unsatisfiedRange(sizeBytes: number): string {
  return `bytes */${sizeBytes}`;
}

/** Parses the `Content-Range` of a 206; null where it is missing or malformed. */
export function parseContentRange(header: string | null): ContentRange | null {
  const match = /^bytes[ \t]+(\d+)-(\d+)\/(\d+|\*)$/i.exec(header ?? "");
  if (match === null) return null;
  const [start, last] = [Number(match[1]), Number(match[2])];
  const size = match[3] === "*" ? undefined : Number(match[3]);
  if (last < start || last >= (size ?? Number.MAX_SAFE_INTEGER) || (size ?? 0) > Number.MAX_SAFE_INTEGER) return null;
  return { start, end: last + 1, size };
}

/**
 * Returns the range that a 206 carries; null where it does not say, or has a `Content-Length` that is not the range's.
 */
export function rangeOf(headers: Headers): ContentRange | null {
  const range = parseContentRange(headers.get("content-range"));
  const length = contentLengthOf(headers);
  return range === null || (length !== null && length !== range.end - range.start) ? null : range;
}

/** Parses the whole size out of the `Content-Range` of a 416; null where it is missing or malformed. */
export function parseUnsatisfiedRange(header: string | null): number | null {
  const match = /^bytes[ \t]+\*\/(\d+)$/i.exec(header ?? "");
  const size = Number(match?.[1] ?? NaN);
  return Number.isSafeInteger(size) ? size : null;
}

/** Converts digits to a position, at most the largest safe integer: no body is as large as that. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
