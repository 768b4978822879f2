import { type HeaderList, headerOf } from "./headers.ts";
import { parseHttpDate } from "./date.ts";

/** The validators of a representation, as upstream sent them (RFC 9110 §8.8). */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/**
 * Says whether to answer a GET or HEAD with 304 (RFC 9110 §13.2.2). `If-None-Match` counts before `If-Modified-Since`,
 * which has to be exactly the Last-Modified: a later date may come from another mirror, with other bytes.
 */
export function notModified(request: Headers, { etag, lastModified }: Validators): boolean {
  const ifNoneMatch = request.get("if-none-match");
  if (ifNoneMatch !== null) return matchesWeakly(ifNoneMatch, etag);
  if (lastModified === undefined) return false;
  const ifModifiedSince = request.get("if-modified-since");
  if (ifModifiedSince === null) return false;
  if (ifModifiedSince === lastModified) return true;
  const [since, modified] = [parseHttpDate(ifModifiedSince), parseHttpDate(lastModified)];
  return since !== null && since === modified;
}

/**
 * Says whether an `If-Range` allows a 206: it is the same strong ETag, or exactly the Last-Modified (RFC 9110 §13.1.5).
 */
export function ifRangeMatches(ifRange: string, { etag, lastModified }: Validators): boolean {
  if (ifRange === etag) return !isWeak(etag);
  return ifRange === lastModified;
}

/**
 * Returns the values of `If-Range` with which a body that came with these headers can be resumed, best first: a strong
 * ETag, and a Last-Modified at least one second older than Date (RFC 9110 §8.8.2.2). There are none where the ETag is
 * weak: the body may change within that second.
 */
export function strongValidators(headers: HeaderList): string[] {
  const etag = headerOf(headers, "etag");
  if (etag !== undefined && isWeak(etag)) return [];
  const lastModified = headerOf(headers, "last-modified");
  const isOld = isModifiedLately(headers) === false;
  return [...etag ? [etag] : [], ...isOld && lastModified !== undefined ? [lastModified] : []];
}

/**
 * Says whether Last-Modified is less than one second before Date: what changed later in that second has the same
 * Last-Modified (RFC 9110 §8.8.2.2). Null where one of them is missing.
 */
export function isModifiedLately(headers: HeaderList): boolean | null {
  const modified = parseHttpDate(headerOf(headers, "last-modified") ?? "");
  const date = parseHttpDate(headerOf(headers, "date") ?? "");
  return modified === null || date === null ? null : date - modified < 1000;
}

/** Returns the best of `strongValidators`, or null. */
export function strongValidator(headers: HeaderList): string | null {
  return strongValidators(headers)[0] ?? null;
}

function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}

/**
 * Compares an ETag with `ifNoneMatch`, which is `*` or a list; a weak and a strong tag of the same text match (RFC 9110
 * §8.8.3.2). Tags without quotes, which some servers send, are compared unchanged.
 */
function matchesWeakly(ifNoneMatch: string, etag: string | undefined): boolean {
  if (ifNoneMatch === "*") return true;
  if (etag === undefined) return false;
  if (ifNoneMatch === etag) return true;
  return ifNoneMatch.match(/"[^"]*"|[^\s,"]+/g)?.some((tag) => isSameTag(tag, etag)) ?? false;
}

/** Says whether two ETags, or their absence, are the same, weak or strong (RFC 9110 §8.8.3.2). */
export function isSameTag(a: string | undefined, b: string | undefined): boolean {
  return withoutWeakness(a) === withoutWeakness(b);
}

function withoutWeakness(etag: string | undefined): string | undefined {
  return etag !== undefined && isWeak(etag) ? etag.slice(2) : etag;
}

/** Says whether a response is of another version than the one that `validator` was taken from. */
export function contradicts(response: Headers, validator: string | null): boolean {
  if (validator === null) return false;
  const own = response.get(headerOfValidator(validator));
  return own !== null && own !== validator;
}

/**
 * Returns the header that a validator came from. Only dates are recognised by their form: many servers send ETags
 * without quotes.
 */
function headerOfValidator(validator: string): "etag" | "last-modified" {
  return parseHttpDate(validator) === null ? "etag" : "last-modified";
}
