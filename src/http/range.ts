import { contentLengthOf } from "./headers.ts";

/** What a `Range` header asked for, before the size is known: `bytes=first-`, `bytes=first-last` or `bytes=-suffix`. */
export type RangeSpec =
  | { readonly kind: "from"; readonly first: number; readonly last?: number }
  | { readonly kind: "suffix"; readonly length: number };

/** A range of a body whose size is known; `end` is exclusive and `start < end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
  /** All from `start` on was asked for: it may complete a download that broke off. */
  readonly openEnded?: boolean;
}

/** A `Content-Range`: which bytes a 206 carries, `end` exclusive, and of how many where the sender knew. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined;
}

/** More ranges in one request are not looked at: no client of packages or images needs as many. */
const mostRanges = 1024;

/**
 * Reads a `Range` header with ranges in bytes, in their order. Null for everything else, which a server is to ignore
 * (RFC 9110 §14.2): other units, what does not parse, and more than 1024 ranges.
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

/** The bytes a range means in a body of `sizeBytes`; null where it is unsatisfiable. */
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
 * The bytes that several ranges mean, in their order and without the unsatisfiable ones. Null where they are more than
 * the body has, which only ranges that overlap can be: the whole is then sent instead (RFC 9110 §14.2).
 */
export function resolveRanges(specs: readonly RangeSpec[], sizeBytes: number): readonly ByteRange[] | null {
  const ranges = specs.map((spec) => resolveRange(spec, sizeBytes)).filter((range) => range !== null);
  const wanted = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return wanted <= sizeBytes ? ranges : null;
}

/** The `Content-Range` of a 206. */
export function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`;
}

/** The `Content-Range` of a 416. */
export function unsatisfiedRange(sizeBytes: number): string {
  return `bytes */${sizeBytes}`;
}

/** Reads the `Content-Range` of a 206; null where it is missing or makes no sense. */
export function parseContentRange(header: string | null): ContentRange | null {
  const match = /^bytes[ \t]+(\d+)-(\d+)\/(\d+|\*)$/i.exec(header ?? "");
  if (match === null) return null;
  const [start, last] = [Number(match[1]), Number(match[2])];
  const size = match[3] === "*" ? undefined : Number(match[3]);
  if (last < start || last >= (size ?? Number.MAX_SAFE_INTEGER) || (size ?? 0) > Number.MAX_SAFE_INTEGER) return null;
  return { start, end: last + 1, size };
}

/** What a 206 carries; null where it does not say, or says a `Content-Length` that is not the range's. */
export function rangeOf(headers: Headers): ContentRange | null {
  const range = parseContentRange(headers.get("content-range"));
  const length = contentLengthOf(headers);
  return range === null || (length !== null && length !== range.end - range.start) ? null : range;
}

/** Reads the whole size out of the `Content-Range` of a 416; null where it is missing or says something else. */
export function parseUnsatisfiedRange(header: string | null): number | null {
  const match = /^bytes[ \t]+\*\/(\d+)$/i.exec(header ?? "");
  const size = Number(match?.[1] ?? NaN);
  return Number.isSafeInteger(size) ? size : null;
}

/** No body is as large as this, so a position beyond it means the same as this one. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
