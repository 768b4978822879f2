/** An element of an `Accept` header (RFC 9110 §12.5.1). */
export interface MediaRange {
  /** In lower case, without parameters: `text/html`, `text/*`, or the wildcard for all. */
  readonly type: string;
  /** From 0, which refuses the type, to 1; an invalid weight counts as 1. */
  readonly quality: number;
}

/** How much a client prefers a media type. */
export interface Preference {
  /** 0 for a type that the client does not accept. */
  readonly quality: number;
  /** 2 where the client names the type itself, 1 where it names its group (`text/*`), 0 for a wildcard or nothing. */
  readonly precision: number;
}

/** Parses an `Accept` header; empty where the client sends none, or an empty one. */
export function parseAccept(header: string | null): readonly MediaRange[] {
  // What opens a quote and does not close it goes to the end: to look for another way takes quadratic time.
  const elements = header?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+/g) ?? [];
  return elements.map(parseRange).filter(({ type }) => type !== "");
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.toLowerCase().split(";").map((part) => part.trim());
  const weight = parameters.map((parameter) => /^q\s*=\s*([\d.]+)$/.exec(parameter)?.[1]).find((found) => found);
  const quality = Number(weight ?? 1);
  return { type: type === "*" ? "*/*" : type, quality: quality >= 0 && quality <= 1 ? quality : 1 };
}

/** The preference for a media type, by the most precise of the ranges that cover it. */
export function preferenceFor(type: string, ranges: readonly MediaRange[]): Preference {
  const group = type.replace(/\/.*/, "/*");
  for (const [precision, wanted] of [[2, type], [1, group], [0, "*/*"]] as const) {
    const qualities = ranges.filter((range) => range.type === wanted).map(({ quality }) => quality);
    if (qualities.length > 0) return { precision, quality: Math.max(...qualities) };
  }
  return { precision: 0, quality: 0 };
}
