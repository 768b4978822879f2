import { gib, mib } from "../support/random_file.ts";

/** What one run of the benchmark does; from the environment, so that `make bench` can be told. */
export interface Settings {
  /** Names, or beginnings of names, of the cases to run; all when empty. */
  readonly only: readonly string[];
  /** How often each side is measured, in turns; the table shows the median. */
  readonly repeats: number;
  readonly loadSeconds: number;
  readonly bigBytes: number;
  readonly crowdBytes: number;
  readonly slowSeconds: number;
  /** Entries on disk in the start case. */
  readonly entries: number;
  readonly hits: number;
  readonly resultPath: string;
}

export function readSettings(): Settings {
  const quick = Deno.env.get("QUICK") === "1";
  const numberOf = (name: string, otherwise: number) => Number(Deno.env.get(name) ?? otherwise);
  return {
    only: (Deno.env.get("BENCH_ONLY") ?? "").split(",").filter((name) => name !== ""),
    repeats: numberOf("BENCH_REPEATS", quick ? 1 : 3),
    loadSeconds: quick ? 2 : 4,
    bigBytes: quick ? 256 * mib : gib,
    crowdBytes: quick ? 50_000_000 : 200_000_000,
    slowSeconds: quick ? 8 : 20,
    entries: numberOf("BENCH_ENTRIES", quick ? 10_000 : 100_000),
    hits: quick ? 20_000 : 100_000,
    resultPath: Deno.env.get("BENCH_RESULT") ?? "dist/bench.json",
  };
}
