import { type Case, compare, fileOf, memoryFigure } from "./bench.ts";
import type { Wanted } from "./figures.ts";
import { measureRequestRate, timeDownloads } from "./generators.ts";
import { kib } from "../support/random_file.ts";

const sizes: readonly [label: string, bytes: number, wanted: readonly Wanted[]][] = [
  ["1k", kib, [{ kind: "ratio", atLeast: 0.8 }]],
  ["16k", 16 * kib, [{ kind: "ratio", atLeast: 0.8 }]],
  ["64k", 64 * kib, [{ kind: "ratio", atLeast: 0.7 }]],
];

/** Small files from the cache, as fast as wrk can ask. */
export const hitRates: readonly Case[] = sizes.map(([label, bytes, wanted]) => ({
  name: `hit-${label}`,
  async run(bench) {
    const file = await fileOf(bench, `hit-${label}`, bytes);
    const measured = await compare(
      bench,
      async (side) => ({ rate: await measureRequestRate(side.url(file), bench.settings.loadSeconds) }),
      async (side) => {
        await timeDownloads(side.url(file));
        await measureRequestRate(side.url(file), 1);
      },
    );
    const name = `hit-${label}`;
    return [{ name, unit: "requests/s", ...measured.values("rate"), wanted }, memoryFigure(name, measured.memory)];
  },
}));

/** One big file from the cache to one client. */
export const hitBig: Case = {
  name: "hit-1g",
  async run(bench) {
    const file = await fileOf(bench, "big", bench.settings.bigBytes);
    const measured = await compare(
      bench,
      async (side) => ({ speed: await speedOf(side.url(file)) }),
      (side) => timeDownloads(side.url(file)),
    );
    const wanted: Wanted[] = [{ kind: "ratio", atLeast: 0.6 }];
    return [
      { name: "hit-1g", unit: "GB/s", ...measured.values("speed"), wanted },
      memoryFigure("hit-1g", measured.memory),
    ];
  },
};

async function speedOf(url: string): Promise<number> {
  const [timing] = await timeDownloads(url);
  if (timing === undefined) throw new Error(`curl told nothing of ${url}`);
  return timing.bytes / timing.totalMs / 1e6;
}
