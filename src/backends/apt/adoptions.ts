import type { VaultReader } from "../../reader.ts";
import { messageOf } from "../../errors.ts";
import { type Change, fetchIndexes, fetchSignature, type IndexTools } from "./release_parts.ts";
import { type ReadRelease, readRelease } from "./release_document.ts";

export interface AptLog {
  info(message: string): void;
  warning(message: string): void;
}

export interface AdoptionsOptions extends IndexTools {
  readonly log: AptLog;
  /** How long after one that failed the next is tried. */
  readonly ttlMs: number;
  /** So long clients wait for one; it goes on without them. */
  readonly patienceMs: number;
}

/**
 * A part that is broken for good must not keep security updates from everybody: after so long, and so many tries, the
 * new release is adopted without it. One try proves little, where the last was at another of upstream's syncs.
 */
const givesWayAfter = { ms: 3_600_000, failures: 3 };

/** Adoptions of a release that have failed in a row. */
interface Failures {
  /** The release that was last tried. */
  readonly sha256: string;
  readonly count: number;
  readonly since: number;
  readonly retryAt: number;
}

/**
 * Makes latest releases the adopted ones. What clients have asked for is fetched and checked first; then the new
 * release takes the old one's place in one step. Where upstream's parts do not fit together, the old one stays.
 */
export class Adoptions {
  readonly #options: AdoptionsOptions;
  /** By path, each with whether it ends before clients stop waiting. */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #failures = new Map<string, Failures>();

  constructor(options: AdoptionsOptions) {
    this.#options = options;
  }

  /** Whether no adoption is under way, after waiting for one that is; false where it takes longer. */
  async ended(path: string): Promise<boolean> {
    return await this.#underWay.get(path) ?? true;
  }

  /** Whether this release was tried in vain too lately to be tried again. */
  hasJustFailed(path: string, { sha256 }: ReadRelease): boolean {
    const failures = this.#failures.get(path);
    return failures?.sha256 === sha256 && performance.now() < failures.retryAt;
  }

  /** Told that the adopted release is the latest again: what failed before is of another time. */
  forget(path: string): void {
    this.#failures.delete(path);
  }

  /** Adopts the latest release, or follows the adoption under way; resolves as `ended` does, whatever comes of it. */
  adopt(path: string, latest: ReadRelease, vault: VaultReader): Promise<boolean> {
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
    const { artifacts, log } = this.#options;
    const [latest, next, adopted] = (["latest", "next", "adopted"] as const).map((copy) =>
      artifacts.release(path, copy)
    );
    // What is checked is what is adopted, whatever upstream says in between.
    await vault.copy(latest!, next!);
    const candidate = await readRelease(next!, vault);
    const held = vault.holds(adopted!) ? await readRelease(adopted!, vault) : null;
    if (held?.sha256 === candidate.sha256) return this.forget(path);
    const change = { path, held, next: candidate };
    await this.#complete(change, vault);
    // Clients refuse the whole release where this is another's.
    await fetchSignature(artifacts, change, vault);
    await vault.copy(next!, adopted!);
    this.forget(path);
    if (held !== null) log.info(`A new release at ${path} is served from now on`);
  }

  async #complete(change: Change, vault: VaultReader): Promise<void> {
    const { log } = this.#options;
    const { path } = change;
    try {
      await fetchIndexes(this.#options, change, vault);
    } catch (error) {
      const failures = this.#failures.get(path);
      const lastsMs = failures === undefined ? 0 : performance.now() - failures.since;
      if (failures === undefined || failures.count < givesWayAfter.failures || lastsMs < givesWayAfter.ms) throw error;
      const minutes = Math.round(lastsMs / 60_000);
      log.warning(`Adopting the release at ${path} all the same, after ${minutes} minutes: ${messageOf(error)}`);
    }
  }

  #fail(path: string, { sha256 }: ReadRelease, error: unknown): void {
    const { log, ttlMs } = this.#options;
    const now = performance.now();
    const { count, since } = this.#failures.get(path) ?? { count: 0, since: now };
    this.#failures.set(path, { sha256, count: count + 1, since, retryAt: now + ttlMs });
    log.warning(`The release at ${path} stays what it is, since the new one is not whole yet: ${messageOf(error)}`);
  }
}

/** Whether `work`, which does not reject, ends before the time is up. */
async function endsWithin(ms: number, work: Promise<void>): Promise<boolean> {
  const up = Promise.withResolvers<false>();
  const timer = setTimeout(() => up.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), up.promise]);
  } finally {
    clearTimeout(timer);
  }
}
