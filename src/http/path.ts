import { VaultError } from "../errors.ts";

/** What a request line asks for: a path that begins with a slash, and a query that is empty or begins with `?`. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

const maxPathLength = 8192;

/** Anything but visible ASCII, what a path must not contain unencoded, `%`, and a backslash. */
const unusual = /[^\x21-\x7e]|["%<>\\^`{|}]|\/\.\.?(?:\/|$)/;

/**
 * The path and query of a request URL as `Deno.serve` gives it: raw, with the client's choice of scheme and host in
 * front, which do not count. The path stays percent-encoded, in the one form RFC 3986 §6.2.2 prefers. Throws
 * `bad_request` for dot segments, backslashes and control characters, encoded or not, for escapes that are malformed or
 * no UTF-8, and above 8 KiB.
 */
export function parseTarget(url: string): Target {
  const fragment = url.indexOf("#");
  const text = fragment < 0 ? url : url.slice(0, fragment);
  const slash = text.indexOf("/", text.indexOf("://") + 3);
  if (slash < 0) return { path: "/", query: "" };
  const mark = text.indexOf("?", slash);
  const path = mark < 0 ? text.slice(slash) : text.slice(slash, mark);
  if (path.length > maxPathLength) throw refusal(`it is longer than ${maxPathLength} bytes`);
  return { path: unusual.test(path) ? normalise(path) : path, query: mark < 0 ? "" : text.slice(mark) };
}

function normalise(path: string): string {
  const decoded = decode(path);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\0-\x1f\x7f\\]/.test(decoded)) throw refusal("it contains a backslash or a control character");
  if (decoded.split("/").some((segment) => segment === "." || segment === "..")) {
    throw refusal('it contains "." or ".." as a segment');
  }
  return path.replace(/%[0-9A-Fa-f]{2}|[^\x21-\x7e]+|["<>^`{|}]/g, (found) => {
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
