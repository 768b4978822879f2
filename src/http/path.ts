import { VaultError } from "../errors.ts";

/** What a request line asks for: a path that begins with a slash, and a query that is empty or begins with `?`. */
export interface Target {
  /** Scheme and host as the client wrote them: the vault's own by any name, or another's of which it is the proxy. */
  readonly origin: string;
  readonly path: string;
  readonly query: string;
}

const maxPathLength = 8192;

/** Anything but visible ASCII, what a path must not contain unencoded, `%`, a backslash, and dot segments. */
const unusual = /[^\x21-\x7e]|["%<>\\^`{|}]|\/\.\.?(?:\/|$)/;

/**
 * The parts of a request URL as `Deno.serve` gives it, which is raw. The path stays percent-encoded, in the one form
 * RFC 3986 §6.2.2 prefers; `.` segments are left out, as apt writes them for flat repositories. Throws `bad_request`
 * for `..` segments, backslashes and control characters, encoded or not, for escapes that are malformed or no UTF-8,
 * and above 8 KiB.
 */
export function parseTarget(url: string): Target {
  const fragment = url.indexOf("#");
  const text = fragment < 0 ? url : url.slice(0, fragment);
  const slash = text.indexOf("/", text.indexOf("://") + 3);
  if (slash < 0) return { origin: text, path: "/", query: "" };
  const origin = text.slice(0, slash);
  const mark = text.indexOf("?", slash);
  const path = mark < 0 ? text.slice(slash) : text.slice(slash, mark);
  if (path.length > maxPathLength) throw refusal(`it is longer than ${maxPathLength} bytes`);
  const query = mark < 0 ? "" : text.slice(mark);
  return { origin, path: unusual.test(path) ? normalise(path) : path, query };
}

function normalise(path: string): string {
  const decoded = decode(path);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\0-\x1f\x7f\\]/.test(decoded)) throw refusal("it contains a backslash or a control character");
  if (decoded.split("/").includes("..")) throw refusal('it contains ".." as a segment');
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
