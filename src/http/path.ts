import { VaultError } from "../errors.ts";

/** The target of a request: a path that begins with a slash, and a query that is empty or begins with `?`. */
export interface Target {
  /**
   * Scheme and host as the client wrote them: one of the vault's own names, or another host where the client uses the
   * vault as its proxy.
   */
  readonly origin: string;
  readonly path: string;
  readonly query: string;
}

const maxPathLength = 8192;

/** Matches whatever makes a path unusual: characters that have to be encoded, `%`, a backslash, dot segments. */
const unusual = /[^\x21-\x7e]|["%<>\\^`{|}]|\/\.\.?(?:[/;]|$)/;

/** Matches a host, perhaps with a port, as the `Host` header may have it (RFC 9110 §7.2, RFC 3986 §3.2). */
const authority = /^(?:\[[0-9A-Za-z:.%_~-]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/;

/**
 * Matches a segment that some servers take for a dot segment: Tomcat and others cut off path parameters, which begin
 * with `;`, before they resolve dots.
 */
const dotsWithParameters = /(?:^|\/)\.\.?;/;

/**
 * Parses a request's URL as `Deno.serve` gives it: the request target unchanged, behind the `Host` header where the
 * target is only a path. The path stays percent-encoded, in the one form that RFC 3986 §6.2.2 prefers; `.` segments are
 * left out, since apt writes them for flat repositories.
 *
 * Throws `bad_request` for a `host` that is no host, since it would move the beginning of the path (RFC 9112 §3.2); for
 * `..` segments, dots before a `;`, backslashes and control characters, encoded or not; for escapes that are malformed
 * or no UTF-8; and above 8 KiB.
 */
export function parseTarget(url: string, host: string | null): Target {
  if (host !== null && !authority.test(host)) throw new VaultError("bad_request", "The Host header names no host");
  const fragment = url.indexOf("#");
  const text = fragment < 0 ? url : url.slice(0, fragment);
  const start = text.indexOf("://") + 3;
  const slash = text.indexOf("/", start);
  const mark = text.indexOf("?", start);
  if (slash < 0 || mark >= 0 && mark < slash) return withoutPath(text, mark);
  const origin = text.slice(0, slash);
  const path = mark < 0 ? text.slice(slash) : text.slice(slash, mark);
  if (path.length > maxPathLength) throw refusal(`it is longer than ${maxPathLength} bytes`);
  const query = mark < 0 ? "" : text.slice(mark);
  return { origin, path: unusual.test(path) ? normalise(path) : path, query };
}

/** Parses `http://host?query`: a slash behind the question mark does not begin a path. */
function withoutPath(text: string, mark: number): Target {
  return mark < 0
    ? { origin: text, path: "/", query: "" }
    : { origin: text.slice(0, mark), path: "/", query: text.slice(mark) };
}

function normalise(path: string): string {
  const decoded = decode(path);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\0-\x1f\x7f\\]/.test(decoded)) throw refusal("it contains a backslash or a control character");
  if (decoded.split("/").includes("..")) throw refusal('it contains ".." as a segment');
  if (dotsWithParameters.test(decoded)) throw refusal('it contains a segment of dots before a ";"');
  const withoutDots = path.replace(/\/(?:(?:\.|%2e)(?:\/|$))+/gi, "/");
  return withoutDots.replace(/%[0-9A-Fa-f]{2}|[^\x21-\x7e]+|["<>^`{|}]/g, (found) => {
    if (!found.startsWith("%")) return encodeURIComponent(found);
    const character = String.fromCharCode(parseInt(found.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : found.toUpperCase();
  });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refusal("it contains a malformed percent-escape, or escapes that are not UTF-8");
  }
}

function refusal(reason: string): VaultError {
  return new VaultError("bad_request", `The path of this request is refused: ${reason}`);
}

/** Returns the path without percent-encoding, or unchanged where an escape in it means nothing. */
export function decodedPath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
