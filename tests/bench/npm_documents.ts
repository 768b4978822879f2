import { createNpmPackage } from "../support/npm/npm_package.ts";
import { freePort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { type Case, measureInTurns, memoryFigure } from "./bench.ts";
import { measureRequestRate, timeDownloads } from "./generators.ts";
import { type Side, startBackend, startSides } from "./sides.ts";
import { verdaccioOver } from "./verdaccio.ts";

const packing = "Accept-Encoding: gzip";
const abbreviating = "Accept: application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

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
    await using upstream = await startRegistry(dir);
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

async function startRegistry(dir: TempDir): Promise<Nginx> {
  const tool = createNpmPackage("small", "1.0.0", { files: { "data.bin": "0123456789".repeat(3000) } });
  await Deno.mkdir(dir.join("tarballs"));
  await Deno.writeFile(dir.join("tarballs", "small-1.0.0.tgz"), tool.tarball);
  const locations = Object.keys(packages).map((name) =>
    `location = /${name} { alias ${dir.path}/${name}.json; default_type application/json; }`
  );
  const server = [...locations, `location /small/-/ { alias ${dir.path}/tarballs/; }`].join("\n");
  const port = freePort();
  for (const [name, versions] of Object.entries(packages)) {
    const text = documentOf(name, versions, { origin: `http://127.0.0.1:${port}`, tool });
    await Deno.writeTextFile(dir.join(`${name}.json`), text);
  }
  return await startNginx({ root: dir.path, port, server });
}

interface Registry {
  readonly origin: string;
  readonly tool: ReturnType<typeof createNpmPackage>;
}

function documentOf(name: string, count: number, { origin, tool: { integrity, shasum } }: Registry): string {
  const dependencies = (group: string, many: number, at: number) =>
    Object.fromEntries(Array.from({ length: many }, (_, index) => [`${group}-${index}`, `^${index}.${at}.0`]));
  const versions = Array.from({ length: count }, (_, at) => {
    const version = `1.0.${at}`;
    const tarball = `${origin}/${name}/-/${name}-${version}.tgz`;
    return [version, {
      ...{ name, version, _id: `${name}@${version}`, description: "a package for a bench" },
      dependencies: dependencies("dep", 20, at),
      devDependencies: dependencies("devdep", 30, at),
      dist: { integrity, shasum, tarball },
    }];
  });
  const time = Object.fromEntries(versions.map(([version]) => [version, "2020-01-01T00:00:00.000Z"]));
  return JSON.stringify({
    ...{ _id: name, _rev: "1-0", name, "dist-tags": { latest: "1.0.0" }, versions: Object.fromEntries(versions) },
    time: { ...time, created: "2020-01-01T00:00:00.000Z", modified: "2020-01-01T00:00:00.000Z" },
  });
}
