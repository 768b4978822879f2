import type { Backend, BackendRequest, DirectAnswer, OfflineMiss, Resolved } from "../../backend.ts";
import type { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import { isLostPath } from "./request.ts";

/**
 * Creates the few paths of a registry at the root of the vault: `npm pack`, `npm exec` and `npm cache add` leave out the
 * path of their registry where they replace the host of a tarball, and `npm audit signatures` does for keys and
 * attestations. Requests go to `backend`, and links lead below its prefix.
 */
export function createRoot(backend: Backend): Backend {
  return new NpmRoot(backend);
}

class NpmRoot implements Backend {
  readonly type = "npm";
  readonly prefix = "/";
  readonly name: string;
  readonly methods: readonly string[];
  readonly maxTransfers: number;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.name = backend.name;
    this.methods = backend.methods ?? [];
    this.maxTransfers = backend.maxTransfers;
    this.#backend = backend;
  }

  serves(path: string): boolean {
    return isLostPath(path);
  }

  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved> {
    return this.#backend.resolve({ ...request, base: this.#backend.prefix }, vault);
  }

  offlineMiss(request: BackendRequest): OfflineMiss {
    return this.#backend.offlineMiss!(request);
  }

  formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
    return this.#backend.formatError!(error, request);
  }
}
