import assert from "node:assert/strict";
import { wrongBlobs } from "../support/cache_dir.ts";
import { findWrongByte, Load, type LoadFile } from "../support/load.ts";
import { missingPrograms } from "../support/programs.ts";
import { createSeededRandom, kib, mib } from "../support/random_file.ts";
import { createScene, type Scene } from "../support/scene.ts";
import { isOwnMachine } from "../support/thorough.ts";

const ignore = missingPrograms("nginx").length > 0;
const rounds = Number(Deno.env.get("KILL_ROUNDS") ?? (isOwnMachine ? 30 : 5));
const seed = Number(Deno.env.get("KILL_SEED") ?? 1);

Deno.test(
  { name: `kill -9, ${rounds} times under load (seed ${seed}): nothing wrong, nothing lost`, ignore },
  async (t) => {
    await using scene = await createScene();
    const random = createSeededRandom(seed);
    const sources = await createSources(scene);
    const load = new Load(random);
    const stored = new Map<string, LoadFile>();

    await t.step("no client gets a wrong byte", async () => {
      for (let round = 0; round < rounds; round++) {
        const files = filesOfRound(sources, round);
        const kill: Kill = { after: round % 2 === 0 ? "start" : "first_stored", afterMs: 50 + random() * 700 };
        const lines = await killedRound(scene, load, { files, kill });
        for (const file of files) if (lines.some((line) => isStored(line, file.path))) stored.set(file.path, file);
      }
      assert.deepEqual(load.wrong, []);
      assert.ok(stored.size > rounds, `only ${stored.size} files were stored: too little load to prove anything`);
    });

    await t.step("every blob hashes to its name", async () => assert.deepEqual(await wrongBlobs(scene.cacheDir), []));

    await t.step("everything that was reported as stored is served without the upstream", async () => {
      await scene.nginx.stop();
      await using vault = await scene.startVault({ args: ["--offline"] });
      const lost: string[] = [];
      for (const { path, bytes } of stored.values()) {
        const response = await fetch(vault.url(path));
        const problem = response.status === 200 ? await findWrongByte(response, bytes) : await response.text();
        if (problem !== null) lost.push(`${path}: ${problem}`);
      }
      assert.deepEqual(lost, []);
    });

    await t.step(
      "every blob still hashes to its name",
      async () => assert.deepEqual(await wrongBlobs(scene.cacheDir), []),
    );
  },
);

interface Source {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Slow at the upstream, so that a kill nearly always catches it under way. */
  readonly slow: boolean;
}

async function createSources(scene: Scene): Promise<Source[]> {
  const sizes = [1, 3000, 64 * kib, 64 * kib + 1, 300 * kib, mib, 5 * mib, 40 * mib];
  return await Promise.all(sizes.map(async (size, index) => {
    const file = await scene.addFile(`file-${index}`, size);
    return { name: file.name, bytes: await Deno.readFile(file.path), slow: size >= 5 * mib };
  }));
}

/** Quick files are new in every round; slow ones keep their keys for some rounds, so that they are resumed. */
function filesOfRound(sources: readonly Source[], round: number): LoadFile[] {
  return sources.flatMap(({ name, bytes, slow }) =>
    slow
      ? [{ path: `/files/rate/20m/${name}?round=${Math.floor(round / 6)}`, bytes }]
      : [`${round}a`, `${round}b`].map((version) => ({ path: `/files/${name}?round=${version}`, bytes }))
  );
}

/** When the vault is killed: some ms after it has started, or after it has stored a first file. */
interface Kill {
  readonly after: "start" | "first_stored";
  readonly afterMs: number;
}

/** One life of the vault under load, ended by kill -9; gives what it had logged. */
async function killedRound(
  scene: Scene,
  load: Load,
  { files, kill }: { files: readonly LoadFile[]; kill: Kill },
): Promise<readonly string[]> {
  await using vault = await scene.startVault();
  const stop = new AbortController();
  const running = load.run(vault.url(""), files, { clients: 8, signal: stop.signal });
  if (kill.after === "first_stored") await vault.waitForLine(/Transfer complete files /);
  const timer = setTimeout(() => vault.stop("SIGKILL"), kill.afterMs);
  await vault.status;
  clearTimeout(timer);
  stop.abort();
  await running;
  return vault.lines;
}

/** The vault names the backend and the path at the upstream. */
function isStored(line: string, path: string): boolean {
  return line.includes(`Transfer complete files ${path.replace(/^\/files/, "")} `);
}
