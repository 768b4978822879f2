/** Header names and values in order; names in lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** For one connection only (RFC 9110 §7.6.1), with those that RFC 2616 and practice name. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** About the upstream host, its connection or this one answer, and untrue when we say it. */
const upstreamsOwn = [
  "alt-svc",
  "clear-site-data",
  "content-location",
  "docker-ratelimit-source",
  "expect-ct",
  "nel",
  "public-key-pins",
  "ratelimit-limit",
  "ratelimit-remaining",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "server",
  "server-timing",
  "service-worker-allowed",
  "set-cookie",
  "set-cookie2",
  "strict-transport-security",
  "www-authenticate",
  "x-powered-by",
  "x-request-id",
];

/** Said anew with every answer of ours. */
const ours = ["accept-ranges", "age", "cache-status", "content-length", "content-range", "retry-after"];

const dropped: ReadonlySet<string> = new Set([...hopByHop, ...upstreamsOwn, ...ours]);

/**
 * The upstream headers that belong to the representation and are sent on, byte-exact: all but those of the connection
 * (RFC 9110 §7.6.1), those about the upstream host or what its origin permits to pages of others, and those we say
 * ourselves. `Date` stays: it is when upstream
 * generated the answer, which freshness and validators count from (RFC 9111 §4.2.3).
 */
export function keepHeaders(headers: Headers): HeaderList {
  const connection = (headers.get("connection") ?? "").toLowerCase().split(",").map((name) => name.trim());
  return [...headers].filter(([name]) => isKept(name) && !connection.includes(name));
}

/** Whether a header, by its name in lower case, may be stored and sent on. */
export function isKept(name: string): boolean {
  return !dropped.has(name) && !name.startsWith("x-cache") && !name.startsWith("access-control-");
}

/** The value of the header `name`, given in lower case; undefined where there is none. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  for (const header of headers) {
    if (header[0] === name) return header[1];
  }
  return undefined;
}

/**
 * The body's size as `Content-Length` has it; null where there is none, none that makes sense (RFC 9110 §8.6), or where
 * `Transfer-Encoding` says how the body ends (RFC 9112 §6.3).
 */
export function contentLengthOf(headers: Headers): number | null {
  if (headers.has("transfer-encoding")) return null;
  const values = new Set((headers.get("content-length") ?? "").split(",").map((value) => value.trim()));
  const [value = ""] = values;
  return values.size === 1 && /^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : null;
}

/**
 * Whether a response says two things about where its body ends (RFC 9112 §6.3): somebody between here and its origin
 * may have understood another body. It may be passed on, and must not be stored.
 */
export function hasAmbiguousLength(headers: Headers): boolean {
  return headers.has("transfer-encoding") && headers.has("content-length");
}
