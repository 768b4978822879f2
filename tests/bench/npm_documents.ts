import { createTempDir } from "../support/temp_dir.ts";
import { type Case, measureInTurns, memoryFigure } from "./bench.ts";
import { measureRequestRate, timeDownloads } from "./generators.ts";
import { startNpmRegistry } from "./npm_files.ts";
import { type Side, startBackend, startSides } from "./sides.ts";
import { verdaccioOver } from "./verdaccio.ts";

export const packing = "Accept-Encoding: gzip";
export const abbreviating = "Accept: application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/** The versions of each package: the document about `big` has some 10 MB. */
const packages = { small: 30, big: 6000 };

const asked: readonly [name: string, path: string, headers: readonly string[]][] = [
  ["small", "/small", [packing]],
  ["small-abbreviated", "/small", [packing, abbreviating]],
  ["big", "/big", [packing]],
  ["big-abbreviated", "/big", [packing, abbreviating]],
  ["tarball", "/small/-/small-1.0.0.tgz", []],
];

/** Documents and tarballs of npm from the cache, beside Verdaccio. */
export const npmDocuments: readonly Case[] = asked.map(([what, path, headers]) => ({
  name: `npm-${what}`,
  programs: ["npm"],
  async run({ settings: { repeats, loadSeconds } }) {
    await using dir = await createTempDir("vault-bench-");
    await using upstream = await startNpmRegistry(dir, packages);
    await using sides = await startSides(
      () => startBackend({ type: "npm", name: "npm", config: { registry_url: upstream.url, ttl: "1h" } }),
      ...await verdaccioOver(upstream),
    );
    const rateOf = (side: Side) =>
      path === "/big"
        ? downloadRate(side.url(path), headers)
        : measureRequestRate(side.url(path), loadSeconds, headers);
    const measured = await measureInTurns(sides, repeats, {
      measure: async (side) => ({ rate: await rateOf(side) }),
      // A tarball is known once its document is.
      prepare: async (side) => {
        await timeDownloads(side.url("/small"));
        await timeDownloads(side.url(path), headers);
      },
    });
    const name = `npm-${what}`;
    return [
      { name, unit: "requests/s", ...measured.values("rate"), wanted: [{ kind: "ratio", atLeast: 3 }] },
      memoryFigure(name, measured.memory),
    ];
  },
}));

/** By one client, one after the other. */
async function downloadRate(url: string, headers: readonly string[]): Promise<number> {
  const timings = await timeDownloads(`${url}?[1-5]`, headers);
  return timings.length / timings.reduce((sum, { totalMs }) => sum + totalMs / 1000, 0);
}
