import { isFileName, isPackageName } from "./names.ts";

/** The meaning of a path below the prefix. */
export type RegistryRequest =
  /** The document about a package. */
  | { readonly kind: "packument"; readonly name: string }
  /** One version of it, by number or by a tag. */
  | { readonly kind: "version"; readonly name: string; readonly version: string }
  | { readonly kind: "tarball"; readonly name: string; readonly file: string }
  | { readonly kind: "dist_tags"; readonly name: string }
  | { readonly kind: "attestations"; readonly name: string; readonly version: string }
  | { readonly kind: "keys" }
  | { readonly kind: "ping" }
  | { readonly kind: "search" }
  /** Questions about known vulnerabilities, by POST. `path` is the one at every registry. */
  | { readonly kind: "audit"; readonly path: string; readonly isBulk: boolean }
  /** What only somebody who is logged in may read. */
  | { readonly kind: "account" }
  | { readonly kind: "unknown" };

const unknown: RegistryRequest = { kind: "unknown" };
const account: RegistryRequest = { kind: "account" };

const audits: Readonly<Record<string, boolean>> = {
  "/-/npm/v1/security/advisories/bulk": true,
  "/-/npm/v1/security/audits": false,
  "/-/npm/v1/security/audits/quick": false,
};

/** Parses a path. The slash of a scope, and its `@`, may be escaped or not. */
export function parseRequest(path: string): RegistryRequest {
  const segments = decoded(path);
  if (segments === null) return unknown;
  if (segments[0] === "-" && segments.length > 1) return parseService(path, segments.slice(1));
  const [name, rest] = takeName(segments);
  if (!isPackageName(name)) return unknown;
  const [first, second] = rest;
  if (first === undefined) return { kind: "packument", name };
  if (first === "-") return parseTarball(name, rest.slice(1));
  return second === undefined && isVersionOrTag(first) ? { kind: "version", name, version: first } : unknown;
}

/** True for a path that clients ask for at the root, although their registry is below a path. */
export function isLostPath(path: string): boolean {
  const { kind } = parseRequest(path);
  return kind === "tarball" || kind === "keys" || kind === "attestations" || kind === "audit";
}

/** Null where an escape means nothing. A slash at the end does not count. */
function decoded(path: string): string[] | null {
  try {
    return path.slice(1).replace(/\/$/, "").split("/").map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** Takes the name from the beginning: one segment, or two with a scope. */
function takeName([first = "", ...rest]: readonly string[]): [name: string, rest: readonly string[]] {
  if (!first.startsWith("@") || first.includes("/")) return [first, rest];
  return [`${first}/${rest[0] ?? ""}`, rest.slice(1)];
}

/** Some registries have the scope once more behind the dash. */
function parseTarball(name: string, path: readonly string[]): RegistryRequest {
  const file = path.at(-1) ?? "";
  const folder = path.slice(0, -1).join("/");
  const isOwn = folder === "" || `${folder}/` === name.slice(0, name.indexOf("/") + 1);
  return isOwn && isFileName(file) ? { kind: "tarball", name, file } : unknown;
}

function parseService(path: string, segments: readonly string[]): RegistryRequest {
  const audit = audits[path];
  if (audit !== undefined) return { kind: "audit", path, isBulk: audit };
  switch (segments.join("/")) {
    case "ping":
      return { kind: "ping" };
    case "v1/search":
      return { kind: "search" };
    case "npm/v1/keys":
      return { kind: "keys" };
  }
  const [area = "", ...rest] = segments;
  if (area === "npm" && rest[1] === "attestations") return parseAttestations(rest.slice(2).join("/"));
  if (area === "package") return parsePackageService(rest);
  const isAccount = ["whoami", "user", "org", "team"].includes(area) ||
    area === "npm" && ["tokens", "user", "oidc"].includes(rest[1] ?? "");
  return isAccount ? account : unknown;
}

function parseAttestations(subject: string): RegistryRequest {
  const at = subject.lastIndexOf("@");
  const [name, version] = [subject.slice(0, at), subject.slice(at + 1)];
  return at > 0 && isPackageName(name) && isVersionOrTag(version) ? { kind: "attestations", name, version } : unknown;
}

function parsePackageService(segments: readonly string[]): RegistryRequest {
  const [name, [service, ...rest]] = takeName(segments);
  if (!isPackageName(name) || rest.length > 0) return unknown;
  if (service === "dist-tags") return { kind: "dist_tags", name };
  return service === undefined ? unknown : account;
}

function isVersionOrTag(text: string): boolean {
  return text.length <= 256 && /^[\w.+~-][\w.+~!*'()-]*$/.test(text);
}
