import { type Digest, formatDigest, parseDigest } from "../../digest.ts";
import { decodedPath } from "../../http/path.ts";
import { canonicalName, isHubName } from "./registry_name.ts";

interface Named {
  /** The registry's canonical name; null where the request names none. */
  readonly registry: string | null;
  readonly name: string;
}

/** The content of a registry that can be requested. `query` begins with `?`, or is empty. */
export type Content =
  | Named & { readonly kind: "tagged_manifest"; readonly tag: string }
  | Named & { readonly kind: "manifest" | "blob"; readonly digest: Digest }
  | Named & { readonly kind: "tags"; readonly query: string }
  | Named & { readonly kind: "referrers"; readonly digest: Digest; readonly query: string };

/** A request of the distribution API that is malformed, in the API's own terms. */
export interface Malformed {
  readonly kind: "invalid";
  readonly code: "NAME_INVALID" | "TAG_INVALID" | "DIGEST_INVALID";
  readonly message: string;
}

/** The meaning of a path of the distribution API to a read-only mirror. */
export type RegistryRequest = Content | Malformed | { readonly kind: "ping" } | { readonly kind: "unknown" };

/** The grammars of distribution-spec ("Pulling manifests") and of the domain in docker's image references. */
const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
/** Matches the names that a registry may have: hosts, and aliases in the configuration. */
const registryPattern = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
const maxNameLength = 255;

/**
 * Parses a path below `/v2`, percent-encoded or not, and a query. Throws nothing: a malformed request is a kind too.
 */
export function parseRequest({ path, query }: { readonly path: string; readonly query: string }): RegistryRequest {
  // Some clients encode the colon of a digest.
  const segments = decodedPath(path).split("/").slice(1);
  if (segments.length === 1 && segments[0] === "") return { kind: "ping" };
  if (segments.length < 3) return { kind: "unknown" };
  const reference = segments.pop()!;
  const noun = segments.pop()!;
  const { registry: named, name } = splitRegistry(segments, nsOf(query));
  const mistake = named !== null && !isRegistryName(named) ? invalidRegistry(named) : checkName(name);
  const registry = named && canonicalName(named);
  switch (noun) {
    case "manifests":
      return mistake ?? parseManifest({ registry, name }, reference);
    case "blobs":
      return mistake ?? withDigest(reference, (digest) => ({ kind: "blob", registry, name, digest }));
    case "tags":
      if (reference !== "list") return { kind: "unknown" };
      return mistake ?? { kind: "tags", registry, name, query: withoutNs(query) };
    case "referrers":
      return mistake ??
        withDigest(reference, (digest) => ({ kind: "referrers", registry, name, digest, query: withoutNs(query) }));
    default:
      return { kind: "unknown" };
  }
}

/** The inverse of `parseRequest`, below `/v2` of the registry itself: without the name of the registry. */
export function formatPath(content: Content): string {
  switch (content.kind) {
    case "tagged_manifest":
      return `/${content.name}/manifests/${content.tag}`;
    case "manifest":
      return `/${content.name}/manifests/${formatDigest(content.digest)}`;
    case "blob":
      return `/${content.name}/blobs/${formatDigest(content.digest)}`;
    case "tags":
      return `/${content.name}/tags/list${content.query}`;
    case "referrers":
      return `/${content.name}/referrers/${formatDigest(content.digest)}${content.query}`;
  }
}

/** The registry that containerd names in the query of a request to a mirror; null where there is none. */
export function nsOf(query: string): string | null {
  return query === "" ? null : new URLSearchParams(query).get("ns")?.toLowerCase() || null;
}

/** A name's first segment is a registry where docker's image references take it for one. */
function splitRegistry(segments: readonly string[], ns: string | null): Named {
  const [first = "", ...rest] = segments;
  const host = first.toLowerCase();
  const isHost = (host === "localhost" || /[.:]/.test(host)) && hostPattern.test(host) && isRegistryName(host);
  const isRepeated = ns !== null && rest.length > 0 && isHost && isSameRegistry(host, ns);
  if ((ns !== null && !isRepeated) || rest.length === 0 || !isHost) return { registry: ns, name: segments.join("/") };
  return { registry: ns ?? host, name: rest.join("/") };
}

/** Talos and k3s send `/v2/ghcr.io/org/app?ns=ghcr.io` where a mirror's path names the registry as well. */
function isSameRegistry(host: string, ns: string): boolean {
  const [a, b] = [canonicalName(host), canonicalName(ns)];
  return a === b || (isHubName(a) && isHubName(b));
}

/** True for a name that is valid as the host of a URL, which it becomes where any registry is served. */
function isRegistryName(text: string): boolean {
  return registryPattern.test(text) && URL.canParse(`https://${text}`);
}

function parseManifest(named: Named, reference: string): Content | Malformed {
  if (reference.includes(":")) return withDigest(reference, (digest) => ({ kind: "manifest", ...named, digest }));
  if (tagPattern.test(reference)) return { kind: "tagged_manifest", ...named, tag: reference };
  return invalid("TAG_INVALID", `Not a tag: "${shown(reference)}"`);
}

function withDigest(text: string, build: (digest: Digest) => Content): Content | Malformed {
  const digest = readDigest(text);
  if (digest !== null) return build(digest);
  return invalid("DIGEST_INVALID", `Not a sha256 or sha512 digest: "${shown(text)}"`);
}

/** Parses a digest of the algorithms that image-spec registers; null for anything else. */
export function readDigest(text: string): Digest | null {
  if (!/^sha(?:256|512):/.test(text)) return null;
  try {
    return parseDigest(text);
  } catch {
    return null;
  }
}

function checkName(name: string): Malformed | null {
  if (name.length <= maxNameLength && namePattern.test(name)) return null;
  return invalid(
    "NAME_INVALID",
    `Not the name of a repository: "${shown(name)}"; it has at most ${maxNameLength} lower-case letters, digits, ` +
      "separators and slashes",
  );
}

function invalidRegistry(registry: string): Malformed {
  return invalid("NAME_INVALID", `Not the name of a registry: "${shown(registry)}"`);
}

function invalid(code: Malformed["code"], message: string): Malformed {
  return { kind: "invalid", code, message };
}

function shown(text: string): string {
  return text.slice(0, 200);
}

function withoutNs(query: string): string {
  const parameters = new URLSearchParams(query);
  parameters.delete("ns");
  return parameters.size === 0 ? "" : `?${parameters}`;
}
