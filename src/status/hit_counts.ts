import type { UsedEntry } from "./inventory.ts";

/** Entries that are asked for less are forgotten for others. */
const most = 2000;

/**
 * Counts how often entries are served from the cache, of the busiest ones only. Where there is no room, the half that
 * was counted least is forgotten: what is asked for often stays.
 */
export class HitCounts {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count === undefined && this.#counts.size === most) this.#forgetHalf();
    this.#counts.set(name, (count ?? 0) + 1);
  }

  /** The busiest first. */
  most(limit: number): readonly UsedEntry[] {
    return this.#sorted().slice(0, limit).map(([name, hits]) => ({ name, hits }));
  }

  #sorted(): [string, number][] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }

  #forgetHalf(): void {
    for (const [name] of this.#sorted().slice(most / 2)) this.#counts.delete(name);
  }
}
