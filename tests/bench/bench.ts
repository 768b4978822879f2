import { createRandomFile } from "../support/random_file.ts";
import type { Nginx } from "../support/nginx.ts";
import type { Figure } from "./figures.ts";
import { peakMemoryMb, resetPeakMemory } from "./memory.ts";
import type { Settings } from "./settings.ts";
import { type Side, startSides } from "./sides.ts";

/** What a case works with. */
export interface Bench {
  readonly upstream: Nginx;
  readonly root: string;
  readonly settings: Settings;
}

/** A case by name; several lines of the table may come of it. */
export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<Figure[]>;
}

/** One value of a measure for each side and turn. */
export type Measured = Readonly<Record<Side["name"], readonly number[]>>;

/** A file at the upstream; made once per run. */
export async function fileOf(bench: Bench, name: string, sizeBytes: number): Promise<string> {
  const there = await Deno.stat(`${bench.root}/${name}`).then(() => true, () => false);
  if (!there) await createRandomFile(bench.root, name, sizeBytes);
  return name;
}

/** What `compare` found: the values by name, and each side's peak of memory over all turns in MB. */
export interface Comparison<Name extends string> {
  values(name: Name): Measured;
  readonly memory: Measured;
}

/**
 * Measures both sides in turns, so that a noisy machine is noisy to both.
 * `measure` gives named values; `prepare` is run once per side before anything is counted.
 */
export async function compare<Name extends string>(
  bench: Bench,
  measure: (side: Side, turn: number) => Promise<Readonly<Record<Name, number>>>,
  prepare: (side: Side) => Promise<unknown> = () => Promise.resolve(),
): Promise<Comparison<Name>> {
  await using sides = await startSides(bench.upstream);
  for (const side of sides.all) {
    await prepare(side);
    resetPeakMemory(side.pids());
  }
  const turns = { vault: [] as Record<Name, number>[], nginx: [] as Record<Name, number>[] };
  for (let turn = 0; turn < bench.settings.repeats; turn++) {
    for (const side of turn % 2 === 0 ? sides.all : sides.all.toReversed()) {
      turns[side.name].push(await measure(side, turn));
    }
  }
  const memory: Record<Side["name"], number[]> = { vault: [], nginx: [] };
  for (const side of sides.all) memory[side.name].push(peakMemoryMb(side.pids()));
  return {
    values: (name) => ({ vault: turns.vault.map((turn) => turn[name]), nginx: turns.nginx.map((turn) => turn[name]) }),
    memory,
  };
}

/** The line of the table for a case's peak of memory. */
export function memoryFigure(name: string, measured: Measured): Figure {
  return { name: `${name}, peak RSS`, unit: "MB", ...measured };
}

/** Waits until what was written is on the disk, so that one measure does not pay for the one before. */
export async function settleDisk(): Promise<void> {
  await new Deno.Command("sync").output();
}
