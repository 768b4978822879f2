import type { VaultReader } from "../../../reader.ts";
import { messageOf } from "../../../errors.ts";
import type { GenerationChange, GenerationLog, RootRead } from "./generation.ts";
import { fetchMembers, type MemberTools } from "./members.ts";
import type { ReadRoot } from "./root_document.ts";

export interface AdoptionsOptions<Root> extends MemberTools<Root> {
  readonly read: ReadRoot<Root>;
  readonly log: GenerationLog;
  /** The pause after a failed adoption, before the next one. */
  readonly ttlMs: number;
  /** The time that clients wait for an adoption, which continues without them. */
  readonly patienceMs: number;
}

/**
 * A member that is broken for good must not keep security updates from everybody: after so long, and so many tries, the
 * new generation is adopted without it. One try proves little, where the last was at another of upstream's syncs.
 */
const givesWayAfter = { ms: 3_600_000, failures: 3 };

/** Adoptions of one root document that have failed in a row. */
interface Failures {
  /** The document that was last tried. */
  readonly sha256: string;
  readonly count: number;
  readonly since: number;
  readonly retryAt: number;
}

/**
 * Adopts the latest root documents. The members that clients have requested are fetched and checked first; then the
 * next generation takes the adopted one's place in one step. Where upstream's members do not fit together, nothing
 * changes.
 */
export class Adoptions<Root> {
  readonly #options: AdoptionsOptions<Root>;
  /** By path; each resolves with whether the adoption ends before clients stop waiting. */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #failures = new Map<string, Failures>();

  constructor(options: AdoptionsOptions<Root>) {
    this.#options = options;
  }

  /** Waits for an adoption under way; false where it is still under way when the client's patience ends. */
  async ended(path: string): Promise<boolean> {
    return await this.#underWay.get(path) ?? true;
  }

  /** True for a document whose adoption failed less than `ttlMs` ago. */
  hasJustFailed(path: string, { sha256 }: RootRead<Root>): boolean {
    const failures = this.#failures.get(path);
    return failures?.sha256 === sha256 && performance.now() < failures.retryAt;
  }

  /** Drops the failures at `path`: the adopted document is the latest again. */
  forget(path: string): void {
    this.#failures.delete(path);
  }

  /**
   * Adopts the latest document, or joins the adoption under way. Resolves as `ended`, also where the adoption fails.
   */
  adopt(path: string, latest: RootRead<Root>, vault: VaultReader): Promise<boolean> {
    const known = this.#underWay.get(path);
    if (known !== undefined) return known;
    const work = this.#adopt(path, vault)
      .catch((error) => this.#fail(path, latest, error))
      .finally(() => this.#underWay.delete(path));
    const ended = endsWithin(this.#options.patienceMs, work);
    this.#underWay.set(path, ended);
    return ended;
  }

  async #adopt(path: string, vault: VaultReader): Promise<void> {
    const { rules, read, log } = this.#options;
    const [latest, next, current] = (["latest", "next", "adopted"] as const).map((copy) => rules.root(path, copy));
    // What is checked is what is adopted, whatever upstream says in between.
    await vault.copy(latest!, next!);
    const candidate = await read(next!, vault);
    const adopted = vault.holds(current!) ? await read(current!, vault) : null;
    if (adopted?.sha256 === candidate.sha256) return this.forget(path);
    const change = { path, adopted, next: candidate };
    await this.#fetchMembers(change, vault);
    await rules.fetchCompanions?.(change, vault);
    await vault.copy(next!, current!);
    this.forget(path);
    if (adopted !== null) log.info(`A new ${rules.noun} at ${path} is served from now on`);
  }

  async #fetchMembers(change: GenerationChange<Root>, vault: VaultReader): Promise<void> {
    const { rules: { noun }, log } = this.#options;
    const { path } = change;
    try {
      await fetchMembers(this.#options, change, vault);
    } catch (error) {
      const failures = this.#failures.get(path);
      const lastsMs = failures === undefined ? 0 : performance.now() - failures.since;
      if (failures === undefined || failures.count < givesWayAfter.failures || lastsMs < givesWayAfter.ms) throw error;
      const minutes = Math.round(lastsMs / 60_000);
      log.warning(`Adopting the ${noun} at ${path} all the same, after ${minutes} minutes: ${messageOf(error)}`);
    }
  }

  #fail(path: string, { sha256 }: RootRead<Root>, error: unknown): void {
    const { rules: { noun }, log, ttlMs } = this.#options;
    const now = performance.now();
    const { count, since } = this.#failures.get(path) ?? { count: 0, since: now };
    this.#failures.set(path, { sha256, count: count + 1, since, retryAt: now + ttlMs });
    log.warning(`The ${noun} at ${path} stays what it is, since the new one is not whole yet: ${messageOf(error)}`);
  }
}

/** True if `work`, which does not reject, ends in time. */
async function endsWithin(ms: number, work: Promise<void>): Promise<boolean> {
  const up = Promise.withResolvers<false>();
  const timer = setTimeout(() => up.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), up.promise]);
  } finally {
    clearTimeout(timer);
  }
}
