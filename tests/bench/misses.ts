import { kib } from "../support/random_file.ts";
import { type Case, compare, fileOf, memoryFigure, settleDisk } from "./bench.ts";
import { median, type Wanted } from "./figures.ts";
import { timeCrowd, timeDownloads } from "./generators.ts";

const firstByte: Wanted = { kind: "ratio", atMost: 2 };

/** One big file that is not in the cache, to one client; a new key each time. */
export const missBig: Case = {
  name: "miss-1g",
  async run(bench) {
    const file = await fileOf(bench, "big", bench.settings.bigBytes);
    const measured = await compare(bench, async (side, turn) => {
      await settleDisk();
      const [timing] = await timeDownloads(side.url(`${file}?turn=${turn}`));
      if (timing?.bytes !== bench.settings.bigBytes) throw new Error(`${side.name} sent ${timing?.bytes} bytes`);
      await side.forgetBodies();
      return { speed: timing.bytes / timing.totalMs / 1e6, firstByte: timing.firstByteMs };
    });
    return [
      { name: "miss-1g", unit: "GB/s", ...measured.values("speed"), wanted: [{ kind: "ratio", atLeast: 0.9 }] },
      { name: "miss-1g, first byte", unit: "ms", ...measured.values("firstByte"), wanted: [firstByte] },
      memoryFigure("miss-1g", measured.memory),
    ];
  },
};

/** Small files that are not in the cache, one after the other on one connection. */
export const missSmall: Case = {
  name: "miss-64k",
  async run(bench) {
    const file = await fileOf(bench, "hit-64k", 64 * kib);
    const measured = await compare(bench, async (side, turn) => {
      const timings = await timeDownloads(side.url(`${file}?turn=${turn}&n=[1-200]`));
      return { firstByte: median(timings.map(({ firstByteMs }) => firstByteMs)) };
    }, (side) => timeDownloads(side.url(`${file}?warm=[1-50]`)));
    return [{ name: "miss-64k, first byte", unit: "ms", ...measured.values("firstByte"), wanted: [firstByte] }];
  },
};

/** Fifty clients ask for one big cold file at the same time. */
export const coldCrowd: Case = {
  name: "cold-50",
  async run(bench) {
    const file = await fileOf(bench, "crowd", bench.settings.crowdBytes);
    const measured = await compare(bench, async (side, turn) => {
      await settleDisk();
      await bench.upstream.clearRequests();
      const timings = await timeCrowd(side.url(`${file}?turn=${turn}`), { clients: 50 });
      const firstBytes = timings.map(({ firstByteMs }) => firstByteMs);
      await side.forgetBodies();
      return {
        total: Math.max(...timings.map(({ totalMs }) => totalMs)) / 1000,
        spread: Math.max(...firstBytes) - Math.min(...firstBytes),
        gets: (await bench.upstream.requests()).length,
      };
    });
    return [
      { name: "cold-50, all done", unit: "s", ...measured.values("total"), wanted: [{ kind: "ratio", atMost: 1.5 }] },
      {
        name: "cold-50, first bytes apart",
        unit: "ms",
        ...measured.values("spread"),
        wanted: [{ kind: "vault", atMost: 50 }],
      },
      { name: "cold-50, upstream GETs", unit: "", ...measured.values("gets"), wanted: [{ kind: "vault", atMost: 1 }] },
      memoryFigure("cold-50", measured.memory),
    ];
  },
};

/** A hundred clients at 1 MB/s on one big cold file; they leave after a while, since it is the memory that counts. */
export const slowCrowd: Case = {
  name: "slow-100",
  async run(bench) {
    const file = await fileOf(bench, "big", bench.settings.bigBytes);
    const measured = await compare({ ...bench, settings: { ...bench.settings, repeats: 1 } }, async (side) => {
      await settleDisk();
      const options = { clients: 100, limitRate: "1M", maxSeconds: bench.settings.slowSeconds };
      const timings = await timeCrowd(side.url(file), options);
      return { bytes: median(timings.map(({ bytes }) => bytes / 1e6)) };
    });
    return [
      { name: "slow-100, sent to each", unit: "MB", ...measured.values("bytes") },
      { ...memoryFigure("slow-100", measured.memory), wanted: [{ kind: "vault", atMost: 150 }] },
    ];
  },
};
