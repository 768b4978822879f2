/** The directives of a `Cache-Control`, by name in lower case (RFC 9111 §5.2). */
export type CacheDirectives = ReadonlyMap<string, Directive>;

export interface Directive {
  /** The text of the argument, without its quotes; null where there is none. */
  readonly argument: string | null;
  /** True where it is malformed, or was said twice with different arguments: it cannot be relied on. */
  readonly doubtful: boolean;
}

/**
 * Matches a directive, `name` or `name=argument`, up to the next comma: RFC 9110 §5.6.6 without the spaces round "=".
 */
const member = /[ \t]*([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]*)))?[ \t]*(?=,|$)/y;
const firstToken = /^[!#$%&'*+.^_`|~\w-]+/;

/**
 * Parses the value of a `Cache-Control`, of a request or a response. A malformed directive keeps the name it begins
 * with, so that a broken `max-age` never counts as an absent one.
 */
export function parseCacheControl(value: string): CacheDirectives {
  const directives = new Map<string, Directive>();
  let at = 0;
  while (at < value.length) {
    member.lastIndex = at;
    const match = member.exec(value);
    const end = match ? member.lastIndex : endOfMember(value, at);
    const name = match?.[1] ?? firstToken.exec(value.slice(at, end).trim())?.[0];
    if (name !== undefined) add(directives, name.toLowerCase(), match);
    at = end + 1;
  }
  return directives;
}

/**
 * Returns the seconds that a directive gives, at most 2^31 (RFC 9111 §1.2.2): undefined where it is absent, 0 where it
 * is no number, since a response with invalid freshness counts as stale (RFC 9111 §4.2.1).
 */
export function secondsOf(directives: CacheDirectives, name: string): number | undefined {
  const directive = directives.get(name);
  if (directive === undefined) return undefined;
  return directive.doubtful ? 0 : parseDeltaSeconds(directive.argument ?? "") ?? 0;
}

/** Parses delta-seconds, capped at 2^31 (RFC 9111 §1.2.2); null for anything but digits. */
export function parseDeltaSeconds(text: string): number | null {
  return /^\d+$/.test(text) ? Math.min(2 ** 31, Number(text)) : null;
}

function endOfMember(value: string, at: number): number {
  const comma = value.indexOf(",", at);
  return comma < 0 ? value.length : comma;
}

function add(directives: Map<string, Directive>, name: string, match: RegExpExecArray | null): void {
  const argument = match?.[2] ?? match?.[3] ?? null;
  const known = directives.get(name);
  const doubtful = match === null || (known !== undefined && (known.doubtful || known.argument !== argument));
  directives.set(name, { argument, doubtful });
}
