import { cachedEntries } from "../inventory/cached_entries.ts";
import { DigestSet } from "../store/digest_set.ts";

/**
 * Says which bodies a bundle may give names to. Who knows the digest of a private body need not know its bytes: a bundle
 * that nobody vouches for names only bodies that it has brought, and those that its backend here serves anyway.
 */
export class BodyRights {
  readonly #cacheDir: string;
  readonly #isTrusted: boolean;
  readonly #brought = new DigestSet({ isBrief: true });
  readonly #served = new Map<string, Promise<DigestSet>>();

  constructor(cacheDir: string, { isTrusted }: { readonly isTrusted: boolean }) {
    this.#cacheDir = cacheDir;
    this.#isTrusted = isTrusted;
  }

  /** Notes a body whose bytes were in the bundle. */
  bring(sha256: string): void {
    if (!this.#isTrusted) this.#brought.add(sha256);
  }

  async mayName(backend: string, sha256: string): Promise<boolean> {
    if (this.#isTrusted || this.#brought.has(sha256)) return true;
    const known = this.#served.get(backend) ?? this.#read(backend);
    this.#served.set(backend, known);
    return (await known).has(sha256);
  }

  async #read(backend: string): Promise<DigestSet> {
    const digests = new DigestSet({ isBrief: true });
    for await (const { sha256 } of cachedEntries(this.#cacheDir, { backends: [backend] })) digests.add(sha256);
    return digests;
  }
}
