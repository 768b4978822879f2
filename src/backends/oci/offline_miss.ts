import type { OfflineMiss } from "../../backend.ts";
import { formatDigest } from "../../digest.ts";
import { isHubName } from "./registry_name.ts";
import type { RegistryRequest } from "./request.ts";

/**
 * Says what a client missed. At 410 all clients stop at once; docker shows the message, and containerd names this
 * mirror: after a 404 it shows the error of the registry that it asks next.
 *
 * `registryOf` returns the name of the registry that a request means by naming none; null where there are several.
 */
export function offlineMiss(request: RegistryRequest, registryOf: () => string | null): OfflineMiss {
  return { status: 410, line: lineFor(request, registryOf) };
}

function lineFor(request: RegistryRequest, registryOf: () => string | null): string | null {
  if (request.kind !== "tagged_manifest" && request.kind !== "manifest") return null;
  const registry = request.registry ?? registryOf();
  if (registry === null) return null;
  const image = isHubName(registry) ? request.name.replace(/^library\/(?=[^/]+$)/, "") : `${registry}/${request.name}`;
  const version = request.kind === "tagged_manifest" ? `:${request.tag}` : `@${formatDigest(request.digest)}`;
  return `docker:${image}${version}`;
}
