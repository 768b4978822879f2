import { cachedBackends } from "../../src/inventory/cached_entries.ts";
import { kib } from "../support/random_file.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { type Bench, type Case, fileOf, settleDisk } from "./bench.ts";
import type { Wanted } from "./figures.ts";
import { timeDownloads } from "./generators.ts";
import { makeEntries } from "./many_entries.ts";
import { memoryMb } from "./memory.ts";
import { type Side, startFileSides, startFileVault } from "./sides.ts";

/** From the start of the program to its first answer, with a big cache on the disk. */
export const start: Case = {
  name: "start",
  async run(bench) {
    await using dir = await createTempDir("vault-bench-");
    const file = await fileOf(bench, "hit-1k", kib);
    {
      await using side = await startFileVault(bench.upstream, dir.path);
      await timeDownloads(side.url(file));
    }
    makeEntries(dir.path, bench.settings.entries, await cachedBackends(dir.path));
    await settleDisk();
    const startMs: number[] = [];
    for (let turn = 0; turn < bench.settings.repeats; turn++) startMs.push(await timeStart(bench, dir.path, file));
    const name = `start, ${bench.settings.entries.toLocaleString("en")} entries`;
    return [{ name, unit: "ms", vault: startMs, peers: [], wanted: [{ kind: "vault", atMost: 500 }] }];
  },
};

/** Resident memory once the program answers, before anything else was asked of it. */
export const idle: Case = {
  name: "idle",
  async run(bench) {
    await using sides = await startFileSides(bench.upstream);
    const megabytes = (side: Side) => [memoryMb(side.pids())];
    const peers = sides.peers.map((peer) => ({ name: peer.name, values: megabytes(peer) }));
    return [{
      ...{ name: "idle, RSS", unit: "MB", vault: megabytes(sides.vault), peers },
      wanted: [{ kind: "vault", atMost: 80 }],
    }];
  },
};

/** Very many hits of one small file: once the program is warm, the memory must not grow. */
export const growth: Case = {
  name: "growth",
  async run(bench) {
    const file = await fileOf(bench, "hit-1k", kib);
    await using side = await startFileVault(bench.upstream);
    const batch = bench.settings.hits / 10;
    const memory: number[] = [];
    for (let done = 0; done < 10; done++) {
      // curl does not send what is behind the `#`, so that all are requests for one file.
      await timeDownloads(side.url(`${file}#[1-${batch}]`));
      memory.push(memoryMb(side.pids()));
    }
    const [first = NaN, half = NaN, last = NaN] = [memory[0], memory[4], memory[9]];
    const name = `growth, ${bench.settings.hits.toLocaleString("en")} hits`;
    return [
      { name: `${name}, after the first tenth`, unit: "MB", vault: [last - first], peers: [], wanted: [noGrowth] },
      { name: `${name}, in the second half`, unit: "MB", vault: [last - half], peers: [] },
    ];
  },
};

/** Up to what the runtime's own bookkeeping moves to and fro. */
const noGrowth: Wanted = { kind: "vault", atMost: 5 };

async function timeStart(bench: Bench, cacheDir: string, file: string): Promise<number> {
  const begin = performance.now();
  await using side = await startFileVault(bench.upstream, cacheDir);
  const response = await fetch(side.url(file));
  await response.arrayBuffer();
  const took = performance.now() - begin;
  if (response.status !== 200) throw new Error(`The first answer is ${response.status}`);
  return took;
}
