import type { Artifact, CachingPolicy, Fetch } from "../../../src/artifact.ts";
import type { BackendRequest, Resolved, ResolvedArtifact } from "../../../src/backend.ts";
import { type BackendOptions, createBackend, type RegistryBackend } from "../../../src/backends/oci/backend.ts";
import type { Digest } from "../../../src/digest.ts";
import type { RegistryOptions } from "../../../src/backends/oci/registry.ts";

export const hex = "0123456789abcdef".repeat(4);
export const sha256 = `sha256:${hex}`;
export const sha512 = `sha512:${hex}${hex}`;

const policy: CachingPolicy = {
  staleIfErrorMs: Infinity,
  negativeTtlMs: 60_000,
  serveDeleted: false,
  honorClientNoCache: false,
  abandonedTransfer: "finish",
  offline: false,
};

const nothing: Fetch = () => Promise.resolve(new Response(null, { status: 404 }));

/** A registry of this host that lets every image through and has none, but for what `changes` says. */
export function registryAt(host: string, changes: Partial<RegistryOptions> = {}): RegistryOptions {
  return {
    url: `https://${host}`,
    names: [host],
    fetch: nothing,
    idleTimeoutMs: 1000,
    allow: [],
    deny: [],
    ...changes,
  };
}

export const hub = registryAt("registry-1.docker.io");

/** A mirror of Docker Hub at `/docker`, but for what `changes` says. */
export function ociBackend(changes: Partial<BackendOptions> = {}): RegistryBackend {
  return createBackend({
    name: "docker",
    type: "dockerhub",
    prefix: "/docker",
    maxTransfers: 8,
    policy,
    registries: [hub],
    tagTtlMs: 300_000,
    failover: "refusal",
    ...changes,
  });
}

/** A request for a path with or without a query, below `base`. */
export function requestFor(target: string, base = "/docker", headers: HeadersInit = {}): BackendRequest {
  const [path = "", query] = target.split("?");
  const client = { host: "127.0.0.1", port: 40_000 };
  return { client, base, path, query: query === undefined ? "" : `?${query}`, headers: new Headers(headers) };
}

/** The artifact, and what clients are sent, where it is no direct answer; else fails. */
export function asResolvedArtifact(resolved: Resolved | Promise<Resolved>): ResolvedArtifact {
  if (!(resolved instanceof Promise) && resolved.kind === "artifact") return resolved;
  throw new Error("an answer that needs no upstream");
}

/** The artifact, where it is no direct answer; else fails. */
export function asArtifact(resolved: Resolved | Promise<Resolved>): Artifact {
  return asResolvedArtifact(resolved).artifact;
}

/** The digest that an artifact is asked for by; null where it has none. */
export function digestOf({ identity }: Artifact): Digest | null {
  return identity.kind === "digest" ? identity.digest : null;
}

/** Whether bytes that are stored under another key may serve an artifact. */
export function isReused({ identity }: Artifact): boolean {
  return (identity.kind === "digest" || identity.kind === "announced") && identity.reuse === "once_confirmed";
}

/** The URLs an artifact is asked for at, in order. */
export function urlsOf(artifact: Artifact): string[] {
  return artifact.candidates.map(({ url }) => url);
}
