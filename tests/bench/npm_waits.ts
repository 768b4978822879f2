import { createTempDir } from "../support/temp_dir.ts";
import { type Case, measureInTurns } from "./bench.ts";
import { timeDownloads } from "./generators.ts";
import { abbreviating, packing } from "./npm_documents.ts";
import { startNpmRegistry } from "./npm_files.ts";
import { type Side, startBackend, startSides } from "./sides.ts";
import { verdaccioOver } from "./verdaccio.ts";

/** How long a client of a small cached document waits at most while others want one of 10 MB. */
export const npmWaits: Case = {
  name: "npm-wait",
  programs: ["npm"],
  async run({ settings: { repeats } }) {
    await using dir = await createTempDir("vault-bench-");
    const big = Array.from({ length: repeats }, (_, turn) => [`big-${turn}`, 6000] as const);
    await using upstream = await startNpmRegistry(dir, { small: 30, ready: 6000, ...Object.fromEntries(big) });
    await using sides = await startSides(
      () => startBackend({ type: "npm", name: "npm", config: { registry_url: upstream.url, ttl: "1h" } }),
      ...await verdaccioOver(upstream),
    );
    const measured = await measureInTurns(sides, repeats, {
      measure: async (side, turn) => ({
        cold: await longestWait(side, () => downloadForms(side, `/big-${turn}`)),
        warm: await longestWait(side, () => downloadForms(side, `/big-${turn}`)),
      }),
      prepare: async (side) => {
        await timeDownloads(side.url("/small"));
        await downloadForms(side, "/ready");
      },
    });
    return (["cold", "warm"] as const).map((state) => ({
      name: `npm-wait-${state}`,
      unit: "ms",
      ...measured.values(state),
      wanted: [{ kind: "vault", atMost: 20 }],
    }));
  },
};

async function downloadForms(side: Side, path: string): Promise<void> {
  await timeDownloads(side.url(path), [packing]);
  await timeDownloads(side.url(path), [packing, abbreviating]);
}

/** The longest time, in ms, that a request for a small document took during `work`: one follows the other. */
async function longestWait(side: Side, work: () => Promise<void>): Promise<number> {
  const url = side.url("/small");
  await (await fetch(url)).bytes();
  let longestMs = 0;
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const begin = performance.now();
      await (await fetch(url)).bytes();
      longestMs = Math.max(longestMs, performance.now() - begin);
    }
  })();
  await work();
  isOver = true;
  await probing;
  return longestMs;
}
