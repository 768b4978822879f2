import type { Artifact, Candidate, Fetch, ForwardedRequest, Identity } from "../artifact.ts";
import type { ResolvedArtifact } from "../backend.ts";
import type { VaultReader } from "../reader.ts";
import { VaultError } from "../errors.ts";
import { routeOf } from "../http/via.ts";

/** Throws `loop_detected` for a request whose `Via` says that this vault, which calls itself `name`, has sent it. */
export function refuseLoop(via: string, { name, backend }: { name: string | undefined; backend: string }): void {
  if (name === undefined) return;
  const route = routeOf(via, name);
  if (route.kind === "open") return;
  if (route.kind === "too_long") {
    throw loopDetected("the request has passed through too many proxies, perhaps in a loop");
  }
  const through = route.through.length === 0 ? "directly" : `by way of ${route.through.join(", ")}`;
  throw loopDetected(
    `an upstream of backend "${backend}" leads back to this vault, ${through}; correct the URL of that upstream`,
  );
}

function loopDetected(message: string): VaultError {
  return new VaultError("loop_detected", message);
}

/** Returns the artifact with requests that tell upstream which proxies the client's request came through. */
function passingVia(artifact: Artifact, via: string): Artifact {
  const candidates = candidatesPassingVia(artifact.candidates, via);
  return { ...artifact, candidates, identity: identityPassingVia(artifact.identity, via) };
}

function identityPassingVia(identity: Identity, via: string): Identity {
  if (identity.kind !== "listed") return identity;
  const { listing } = identity;
  return {
    kind: "listed",
    listing: {
      cachedDigest: () => listing.cachedDigest(),
      find: async () => {
        const { candidates, ...listed } = await listing.find();
        return candidates === undefined ? listed : { ...listed, candidates: candidatesPassingVia(candidates, via) };
      },
    },
  };
}

function candidatesPassingVia(candidates: readonly Candidate[], via: string): Candidate[] {
  return candidates.map((candidate) => candidateVia(candidate, via));
}

/** Does the same for a request that is forwarded. */
export function forwardedVia(forwarded: ForwardedRequest, via: string): ForwardedRequest {
  const [first, ...others] = forwarded.candidates;
  return { ...forwarded, candidates: [candidateVia(first, via), ...candidatesPassingVia(others, via)] };
}

function candidateVia(candidate: Candidate, via: string): Candidate {
  return { ...candidate, fetch: withVia(candidate.fetch, via) };
}

/** Does the same for a resolved artifact. */
export function resolvedPassingVia(resolved: ResolvedArtifact, via: string): ResolvedArtifact {
  return { ...resolved, artifact: passingVia(resolved.artifact, via) };
}

/** Does the same for the documents that a backend reads to resolve a request. */
export function readerPassingVia(reader: VaultReader, via: string): VaultReader {
  return {
    read: (artifact, reading) => reader.read(passingVia(artifact, via), reading),
    head: (artifact) => reader.head(passingVia(artifact, via)),
    holds: (artifact) => reader.holds(artifact),
    fetch: (artifact) => reader.fetch(passingVia(artifact, via)),
    fetchAhead: (artifact) => reader.fetchAhead(passingVia(artifact, via)),
    copy: (from, to) => reader.copy(from, to),
    entries: (backend, prefix) => reader.entries(backend, prefix),
  };
}

function withVia(fetch: Fetch, via: string): Fetch {
  return (request, options) => {
    request.headers.set("via", via);
    return fetch(request, options);
  };
}
