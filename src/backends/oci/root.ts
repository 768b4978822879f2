import type { BackendRequest, DirectAnswer, OfflineMiss, Resolved } from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import type { VaultError } from "../../errors.ts";
import type { ImageBackend, RegistryBackend } from "./backend.ts";
import { formatError } from "./error_body.ts";
import { claims, unknownRegistry } from "./registries.ts";
import { canonicalName } from "./registry_name.ts";
import { nsOf, parseRequest } from "./request.ts";

/**
 * Creates `/v2` at the root, for clients that cannot use another path: a request goes to the first of the backends, or
 * to the one whose prefix or registry it names. It has the first one's name, for requests that fail before an artifact
 * is known.
 */
export function createRoot(backends: readonly [RegistryBackend, ...RegistryBackend[]]): ImageBackend {
  return new OciRoot(backends);
}

/** A backend, and the request as it is below its `/v2`. */
interface Addressed {
  readonly backend: RegistryBackend;
  readonly request: BackendRequest;
}

class OciRoot implements ImageBackend {
  readonly name: string;
  readonly type: string;
  readonly prefix = "/v2";
  readonly maxTransfers: number;
  readonly #first: RegistryBackend;
  readonly #backends: readonly RegistryBackend[];
  readonly #longestPrefixFirst: readonly RegistryBackend[];

  constructor(backends: readonly [RegistryBackend, ...RegistryBackend[]]) {
    const [first] = backends;
    this.name = first.name;
    this.type = first.type;
    this.maxTransfers = first.maxTransfers;
    this.#first = first;
    this.#backends = backends;
    this.#longestPrefixFirst = backends.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  resolve(request: BackendRequest, vault?: VaultReader): Resolved | Promise<Resolved> {
    const addressed = this.#byPrefix(request);
    if (addressed !== null) return addressed.backend.answer(addressed.request, vault);
    return this.#byRegistry(request).answer(request, vault);
  }

  formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
    return formatError(error, parseRequest(this.#byPrefix(request)?.request ?? request));
  }

  offlineMiss(request: BackendRequest): OfflineMiss {
    const addressed = this.#byPrefix(request);
    if (addressed !== null) return addressed.backend.offlineMiss(addressed.request);
    return this.#byRegistry(request).offlineMiss(request);
  }

  /**
   * The form of podman and skopeo, whose mirrors have their path behind `/v2`. The first backend's prefix may begin a
   * name of its own as well: docker/dockerfile on Docker Hub. But there names have two segments, and clients that mean
   * the prefix send both. BuildKit names the registry as well, in `ns`: then the prefix must be that of a backend which
   * serves it.
   */
  #byPrefix(request: BackendRequest): Addressed | null {
    const ns = nsOf(request.query);
    for (const backend of this.#longestPrefixFirst) {
      const { prefix } = backend;
      if (!request.path.startsWith(`${prefix}/`)) continue;
      const path = request.path.slice(prefix.length);
      const mayBeName = backend === this.#first || ns !== null;
      if (mayBeName && nameSegments(path) < 2) continue;
      if (ns !== null && backend.claimTo(canonicalName(ns)) === null) continue;
      return { backend, request: { ...request, base: request.base + prefix, path } };
    }
    return null;
  }

  /** Throws `denied` where no backend serves the registry. */
  #byRegistry(request: BackendRequest): RegistryBackend {
    const asked = parseRequest(request);
    const registry = "registry" in asked ? asked.registry : null;
    if (registry === null) return this.#first;
    for (const claim of claims) {
      const backend = this.#backends.find((backend) => backend.claimTo(registry) === claim);
      if (backend !== undefined) return backend;
    }
    throw unknownRegistry(registry, this.#backends.flatMap((one) => one.registryNames));
  }
}

/** Returns how many segments the name has, between the first slash and a noun and a reference. */
function nameSegments(path: string): number {
  return path.split("/").length - 3;
}
