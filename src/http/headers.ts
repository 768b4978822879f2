/** Header names and values in order; names in lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Headers of one connection only (RFC 9110 §7.6.1), and those that RFC 2616 and practice add. */
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

/**
 * Headers about the upstream host, its connection or this one answer. They would be untrue when the vault says them,
 * and some would change how a browser treats everything that the vault serves.
 */
const upstreamsOwn = [
  "accept-ch",
  "alt-svc",
  "authentication-info",
  "clear-site-data",
  "content-location",
  "critical-ch",
  "cross-origin-resource-policy",
  "expect-ct",
  "nel",
  "no-vary-search",
  "origin-agent-cluster",
  "public-key-pins",
  "ratelimit",
  "ratelimit-limit",
  "ratelimit-policy",
  "ratelimit-remaining",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "server",
  "server-timing",
  "service-worker-allowed",
  "set-cookie",
  "set-cookie2",
  "set-login",
  "speculation-rules",
  "strict-transport-security",
  "timing-allow-origin",
  "use-as-dictionary",
  "www-authenticate",
  "x-powered-by",
  "x-request-id",
];

/**
 * Families of headers: of other caches, of what the upstream's origin permits to pages of others, and commands to the
 * web server in front. A reverse proxy before the vault would obey: nginx sends a file of its own instead
 * (`X-Accel-Redirect`), as do Apache and lighttpd (`X-Sendfile`) and h2o (`X-Reproxy-URL`); others process ESI.
 */
const droppedFamilies = /^(?:x-cache|access-control-|x-accel-|x-sendfile|x-lighttpd-|x-reproxy-|surrogate-)/;

/** Headers that the vault makes anew for each answer. */
const ours = ["accept-ranges", "age", "cache-status", "content-length", "content-range", "retry-after"];

const dropped: ReadonlySet<string> = new Set([...hopByHop, ...upstreamsOwn, ...ours]);

/**
 * Returns the upstream headers that belong to the representation, to be stored and sent on byte-exact: all but those of
 * the connection (RFC 9110 §7.6.1), those about the upstream host or its origin's permissions, those that command a
 * server in front of the vault, and those that the vault makes itself. `Date` stays: it is when upstream generated the
 * answer, from which freshness and validators count (RFC 9111 §4.2.3).
 */
export function keepHeaders(headers: Headers): HeaderList {
  const connection = (headers.get("connection") ?? "").toLowerCase().split(",").map((name) => name.trim());
  return [...headers].filter(([name]) => isKept(name) && !connection.includes(name));
}

/** Says whether a header, by its name in lower case, may be stored and sent on. */
export function isKept(name: string): boolean {
  return !dropped.has(name) && !droppedFamilies.test(name);
}

/** Returns the value of the header `name`, given in lower case; undefined where there is none. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  for (const header of headers) {
    if (header[0] === name) return header[1];
  }
  return undefined;
}

/**
 * Returns the body's size as `Content-Length` has it. Null where that is missing or malformed (RFC 9110 §8.6), or where
 * `Transfer-Encoding` says how the body ends (RFC 9112 §6.3).
 */
export function contentLengthOf(headers: Headers): number | null {
  if (headers.has("transfer-encoding")) return null;
  const values = new Set((headers.get("content-length") ?? "").split(",").map((value) => value.trim()));
  const [value = ""] = values;
  return values.size === 1 && /^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : null;
}

/**
 * Says whether a response contradicts itself about where its body ends (RFC 9112 §6.3): an intermediary may have
 * understood another body. It may be passed on, and must not be stored.
 */
export function hasAmbiguousLength(headers: Headers): boolean {
  return headers.has("transfer-encoding") && headers.has("content-length");
}
