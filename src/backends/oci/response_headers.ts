import { type Digest, formatDigest } from "../../digest.ts";
import { type HeaderList, headerOf } from "../../http/headers.ts";
import { nextTargets } from "../../http/links.ts";
import { mediaTypeOf, signedManifestType } from "./media_types.ts";
import { readDigest } from "./request.ts";

/** Every answer of a registry has this header. */
export const versionHeader = ["docker-distribution-api-version", "registry/2.0"] as const;

const digestName = "docker-content-digest";

/**
 * The headers of a manifest or blob. Its digest is that of the request, which CDNs do not send, or upstream's, or that
 * of its bytes.
 */
export function contentHeaders(headers: HeaderList, askedFor: Digest | null, sha256?: string): HeaderList {
  const digest = askedFor === null ? digestOfName(headers, sha256) : formatDigest(askedFor);
  const told = digest === undefined ? [] : [[digestName, digest] as const];
  return [...without(headers, digestName), versionHeader, ...told];
}

/** A signed manifest's digest is not that of its bytes. */
function digestOfName(headers: HeaderList, sha256: string | undefined): string | undefined {
  const told = headerOf(headers, digestName);
  if (mediaTypeOf(headers) === signedManifestType) return told;
  return told !== undefined && readDigest(told) !== null ? told : sha256 && `sha256:${sha256}`;
}

/** The address of the list that the client asked for. */
export interface ListAddress {
  /** The path as the client sent it. */
  readonly path: string;
  /** The registry that it named in the query; null for none. */
  readonly ns: string | null;
}

/** The headers of a list of tags or referrers; its link to the next page leads to the vault. */
export function listHeaders(headers: HeaderList, address: ListAddress): HeaderList {
  const next = nextPage(headerOf(headers, "link"), address);
  return [...without(headers, digestName, "link"), versionHeader, ...next === null ? [] : [["link", next] as const]];
}

/** The digest of a manifest in upstream's headers; null where they have none, or one that is not that of the bytes. */
export function announcedDigest(headers: HeaderList): Digest | null {
  const digest = readDigest(headerOf(headers, digestName) ?? "");
  return mediaTypeOf(headers) === signedManifestType ? null : digest;
}

/**
 * A link to the next page of the same list here, with the query of upstream's link, whatever the rest of that is. Null
 * without a next page.
 */
function nextPage(link: string | undefined, { path, ns }: ListAddress): string | null {
  for (const target of nextTargets(link)) {
    const query = new URLSearchParams(/\?([^#]*)/.exec(target)?.[1] ?? "");
    query.delete("ns");
    if (query.size === 0) continue;
    if (ns !== null) query.set("ns", ns);
    return `<${path}?${query}>; rel="next"`;
  }
  return null;
}

/** About the one response of the registry: the address that its quota is counted for. */
const ratedAddress = "docker-ratelimit-source";

function without(headers: HeaderList, ...names: readonly string[]): HeaderList {
  return headers.filter(([name]) => name !== versionHeader[0] && name !== ratedAddress && !names.includes(name));
}
