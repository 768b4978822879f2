import { type Kind, Misfit, value } from "./kinds.ts";

const urlHint = "write https://host/path";
const registryHint = "write https://host or host:port";
const password = /\/\/[^/?#]*@/;

const urlKind: Kind<string> = { type: "URL", a: "a URL", hint: urlHint, read: (input) => readUpstreamUrl(input) };

/** An upstream's base URL, without a trailing slash. */
export function upstreamUrl() {
  return value<string>({ ...urlKind, role: "upstream" });
}

/** The same of what clients may name, and nothing is fetched from. */
export function knownUrl() {
  return value<string>(urlKind);
}

/**
 * A registry's base URL, or only `host:port/path`, which is read as `//host:port/path`: whoever reads it chooses the
 * scheme. The other names of Docker Hub, which answer no pulls, are read as the one that does.
 */
export function registryUrl() {
  return value<string>({
    type: "URL or host",
    a: "a URL",
    hint: registryHint,
    role: "upstream",
    read: readRegistryUrl,
  });
}

function readRegistryUrl(input: unknown): string | Misfit {
  const hasScheme = typeof input !== "string" || input.includes("://");
  const read = readUpstreamUrl(hasScheme ? input : `https://${input.trim()}`, registryHint);
  if (read instanceof Misfit) return read;
  const url = new URL(read);
  if (isDockerHub(url)) return hasScheme ? `${url.protocol}//${hubHost}` : `//${hubHost}`;
  if (/\/v1$/.test(url.pathname)) {
    const right = read.replace(/\/v1$/, "");
    return new Misfit(`"${read}" is the address of an API that registries have no longer; write ${right}`);
  }
  return hasScheme ? read : `//${input.trim().replace(/\/+$/, "")}`;
}

const hubHost = "registry-1.docker.io";
const hubSpellings: ReadonlySet<string> = new Set([
  hubHost,
  "docker.io",
  "index.docker.io",
  "registry.docker.io",
  "registry.hub.docker.com",
  "hub.docker.com",
]);

/** Docker Hub in any of its spellings, with or without the version of the API that clients write behind it. */
function isDockerHub({ hostname, port, pathname }: URL): boolean {
  return hubSpellings.has(hostname) && port === "" && /^\/(?:v[12])?$/.test(pathname);
}

function readUpstreamUrl(input: unknown, hint = urlHint): string | Misfit {
  const url = parseUrl(input);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return notAUrl(input, hint);
  if (url.username !== "" || url.password !== "") {
    return new Misfit("credentials do not belong into the URL; write username: and password: instead");
  }
  if (url.search !== "" || url.hash !== "") {
    return new Misfit(`"${url.origin}${url.pathname}" must not be followed by a query or a fragment`);
  }
  return url.href.replace(/\/+$/, "");
}

/** An egress proxy's URL; credentials are allowed, and never shown. */
export function proxyUrl() {
  const kind: Kind<string> = {
    type: "URL",
    a: "a proxy URL",
    hint: "write http://host:port",
    read(input) {
      const url = parseUrl(input);
      const known = url !== null && ["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol);
      return known && url.hostname !== "" ? url.href : notAUrl(input, kind.hint);
    },
    print: (url) => url.replace(password, "//***@"),
  };
  return value(kind);
}

function parseUrl(input: unknown): URL | null {
  return typeof input === "string" ? URL.parse(input.trim()) : null;
}

/** A URL that cannot be parsed may still hold a password. */
function notAUrl(input: unknown, hint: string): Misfit {
  if (typeof input !== "string") return new Misfit();
  const text = input.replace(/\/\/.*@/, "//***@").replace(/\?.*/, "").slice(0, 200);
  return new Misfit(`"${text}" is not a URL that can be used here; ${hint}`);
}
