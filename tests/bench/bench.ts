import { createRandomFile } from "../support/random_file.ts";
import type { Nginx } from "../support/nginx.ts";
import type { Figure, Measured } from "./figures.ts";
import { peakMemoryMb, resetPeakMemory } from "./memory.ts";
import type { Settings } from "./settings.ts";
import { type FileSide, type Side, type Sides, startFileSides } from "./sides.ts";

/** What a case works with. */
export interface Bench {
  readonly upstream: Nginx;
  readonly root: string;
  readonly settings: Settings;
}

/** A case by name; several lines of the table may come of it. */
export interface Case {
  readonly name: string;
  /** Programs that are not needed by all cases; it is skipped where one is missing. */
  readonly programs?: readonly string[];
  run(bench: Bench): Promise<Figure[]>;
}

/** A file at the upstream; made once per run. */
export async function fileOf(bench: Bench, name: string, sizeBytes: number): Promise<string> {
  const there = await Deno.stat(`${bench.root}/${name}`).then(() => true, () => false);
  if (!there) await createRandomFile(bench.root, name, sizeBytes);
  return name;
}

/** What a comparison found: the values by name, and each side's peak of memory over all turns in MB. */
export interface Comparison<Name extends string> {
  values(name: Name): Measured;
  readonly memory: Measured;
}

/** Named values of one side in one turn. */
export type Measure<S extends Side, Name extends string> = (
  side: S,
  turn: number,
) => Promise<Readonly<Record<Name, number>>>;

/** Compares the vault with nginx over the upstream's files; see `measureInTurns`. */
export async function compare<Name extends string>(
  bench: Bench,
  measure: Measure<FileSide, Name>,
  prepare: (side: FileSide) => Promise<unknown> = () => Promise.resolve(),
): Promise<Comparison<Name>> {
  await using sides = await startFileSides(bench.upstream);
  return await measureInTurns(sides, bench.settings.repeats, { measure, prepare });
}

/**
 * Measures all sides in turns, so that a noisy machine is noisy to all, each turn beginning with another.
 * `prepare` is run once per side before anything is counted.
 */
export async function measureInTurns<S extends Side, Name extends string>(
  sides: Sides<S>,
  repeats: number,
  { measure, prepare }: { measure: Measure<S, Name>; prepare: (side: S) => Promise<unknown> },
): Promise<Comparison<Name>> {
  const { vault, peers } = sides;
  const all = [vault, ...peers];
  for (const side of all) {
    await prepare(side);
    resetPeakMemory(side.pids());
  }
  const turns = new Map<S, Readonly<Record<Name, number>>[]>(all.map((side) => [side, []]));
  for (let turn = 0; turn < repeats; turn++) {
    const first = turn % all.length;
    for (const side of [...all.slice(first), ...all.slice(0, first)]) {
      turns.get(side)!.push(await measure(side, turn));
    }
  }
  const measured = (valuesOf: (side: S) => number[]): Measured => ({
    vault: valuesOf(vault),
    peers: peers.map((peer) => ({ name: peer.name, values: valuesOf(peer) })),
  });
  return {
    values: (name) => measured((side) => turns.get(side)!.map((turn) => turn[name])),
    memory: measured((side) => [peakMemoryMb(side.pids())]),
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
