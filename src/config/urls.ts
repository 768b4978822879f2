import { Invalid, value, type ValueType } from "./value_types.ts";

const urlHint = "write https://host/path";
const password = /\/\/[^/?#]*@/;

const urlType: ValueType<string> = { type: "URL", a: "a URL", hint: urlHint, read: (input) => readUpstreamUrl(input) };

/** An upstream's base URL, without a trailing slash. */
export function upstreamUrl() {
  return value<string>({ ...urlType, role: "upstream" });
}

/** A URL that clients may name, and that nothing is fetched from. */
export function knownUrl() {
  return value<string>(urlType);
}

/** Parses a value of `upstreamUrl`; `hint` says in messages what to write. */
export function readUpstreamUrl(input: unknown, hint = urlHint): string | Invalid {
  const url = parseUrl(input);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return notAUrl(input, hint);
  if (url.username !== "" || url.password !== "") {
    return new Invalid("credentials do not belong into the URL; write username: and password: instead");
  }
  if (url.search !== "" || url.hash !== "") {
    return new Invalid(`"${url.origin}${url.pathname}" must not be followed by a query or a fragment`);
  }
  return url.href.replace(/\/+$/, "");
}

/** The URL of a proxy for outgoing requests. It may have credentials, which are never shown. */
export function proxyUrl() {
  const valueType: ValueType<string> = {
    type: "URL",
    a: "a proxy URL",
    hint: "write http://host:port",
    read(input) {
      const url = parseUrl(input);
      const known = url !== null && ["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol);
      return known && url.hostname !== "" ? url.href : notAUrl(input, valueType.hint);
    },
    print: (url) => url.replace(password, "//***@"),
  };
  return value(valueType);
}

function parseUrl(input: unknown): URL | null {
  return typeof input === "string" ? URL.parse(input.trim()) : null;
}

/** Quotes a text that is no URL, without the password that it may still hold. */
function notAUrl(input: unknown, hint: string): Invalid {
  if (typeof input !== "string") return new Invalid();
  const text = input.replace(/\/\/.*@/, "//***@").replace(/\?.*/, "").slice(0, 200);
  return new Invalid(`"${text}" is not a URL that can be used here; ${hint}`);
}
