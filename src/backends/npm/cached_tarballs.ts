import type { CachingPolicy } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { BriefMemory } from "../shared/brief_memory.ts";
import { storedArtifact } from "../shared/stored_artifact.ts";

const mostPackages = 1000;

/** Finds out which tarballs of packages are cached: offline, no others can be delivered. */
export class CachedTarballs {
  readonly #backend: string;
  readonly #policy: CachingPolicy;
  readonly #known = new BriefMemory<readonly string[]>(mostPackages);

  constructor({ backend, policy }: { readonly backend: string; readonly policy: CachingPolicy }) {
    this.#backend = backend;
    this.#policy = policy;
  }

  /**
   * The names of the cached tarballs of a package, sorted; null where there is none. Clients read the document of what
   * they install on other platforms only, or not at all, and fail without it: nothing of it is hidden then.
   */
  async of(name: string, vault: VaultReader): Promise<readonly string[] | null> {
    const files = await this.#known.get(name, () => this.#find(name, vault));
    return files.length > 0 ? files : null;
  }

  async #find(name: string, vault: VaultReader): Promise<readonly string[]> {
    const prefix = `/${name}/-/`;
    const files = new Set<string>();
    for await (const { key } of vault.entries(this.#backend, prefix)) {
      if (this.#holds(key, vault)) files.add(key.slice(prefix.length).replace(/;unlisted$/, ""));
    }
    return [...files].sort();
  }

  #holds(key: string, vault: VaultReader): boolean {
    return vault.holds(storedArtifact(this.#backend, key, this.#policy));
  }
}
