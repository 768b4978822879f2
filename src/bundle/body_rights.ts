import { cachedEntries } from "../inventory/cached_entries.ts";
import { DigestSet } from "../store/digest_set.ts";
import type { Fact } from "./fact.ts";
import type { ImportPlan } from "./import_plan.ts";

interface RightsOptions extends Pick<ImportPlan, "names"> {
  /** True for a bundle that somebody vouches for. */
  readonly isTrusted: boolean;
}

/**
 * Says which bodies a bundle may give names to. Who knows the digest of a private body need not know its bytes: a bundle
 * that nobody vouches for names only bodies that it has brought, and those that its backend here serves anyway.
 */
export class BodyRights {
  readonly #cacheDir: string;
  readonly #isTrusted: boolean;
  readonly #names: RightsOptions["names"];
  /** Nearly always there are none, unlike those that it has brought. */
  readonly #missing = new DigestSet({ isBrief: true });
  readonly #served = new Map<string, Promise<DigestSet>>();

  constructor(cacheDir: string, { isTrusted, names }: RightsOptions) {
    this.#cacheDir = cacheDir;
    this.#isTrusted = isTrusted;
    this.#names = names;
  }

  /** Notes a body that the bundle names and whose bytes have not come with it. Every other one counts as brought. */
  miss(sha256: string): void {
    if (!this.#isTrusted) this.#missing.add(sha256);
  }

  async mayName(backend: string, fact: Fact): Promise<boolean> {
    const { sha256 } = fact.entry;
    if (this.#isTrusted || this.#names(fact) && !this.#missing.has(sha256)) return true;
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
