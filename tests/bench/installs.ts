import type { Nginx } from "../support/nginx.ts";
import { type Case, measureInTurns, memoryFigure, settleDisk } from "./bench.ts";
import { cpuSeconds } from "./cpu.ts";
import type { Wanted } from "./figures.ts";
import type { Side, Sides } from "./sides.ts";

/** Sets of packages at an upstream, the ways there, and clients that want them. */
export interface InstallScene extends AsyncDisposable {
  /** Serves the sets, and nothing else. */
  readonly upstream: Nginx;
  readonly sides: Sides<Side>;
  /** Sets up a client that has nothing yet; what it returns downloads the whole set, and throws where it cannot. */
  createClient(side: Side, set: number): Promise<() => Promise<unknown>>;
}

/** How a kind of client is measured. */
export interface Installs {
  readonly client: string;
  readonly programs: readonly string[];
  /** The sets have the numbers from 0 on, and no file in common. */
  createScene(sets: number): Promise<InstallScene>;
}

/** Which set each turn is of, and what upstream traffic, in MB, is wanted. */
interface Temperature {
  readonly name: string;
  readonly wanted: Wanted;
  setOf(turn: number): number;
}

/** All sides begin with set 0: so no program has just been started, and caches have that set, but no other. */
const temperatures: readonly Temperature[] = [
  { name: "cold", setOf: (turn) => turn + 1, wanted: { kind: "ratio", atMost: 1.01 } },
  { name: "warm", setOf: () => 0, wanted: { kind: "vault", atMost: 0.1 } },
];

/** A case of sets that no cache has, and one of a set that all have; the clients have none in both. */
export function installCases({ client, programs, createScene }: Installs): readonly Case[] {
  return temperatures.map((temperature) => {
    const { setOf, wanted } = temperature;
    const name = `${client}-${temperature.name}`;
    return {
      ...{ name, programs },
      async run({ settings: { repeats } }) {
        await using scene = await createScene(setOf(repeats - 1) + 1);
        const measured = await measureInTurns(scene.sides, repeats, {
          measure: (side, turn) => measureInstall(scene, side, setOf(turn)),
          prepare: (side) => measureInstall(scene, side, 0),
        });
        return [
          {
            name,
            unit: "s",
            ...measured.values("seconds"),
            wanted: [{ kind: "ratio", atMost: 1.1, peer: "straight" }],
          },
          { name: `${name}, CPU of the server`, unit: "s", ...measured.values("cpu") },
          { name: `${name}, upstream traffic`, unit: "MB", ...measured.values("megabytes"), wanted: [wanted] },
          { name: `${name}, upstream requests`, unit: "", ...measured.values("requests") },
          memoryFigure(name, measured.memory),
        ];
      },
    };
  });
}

/** What one download took: of time, of the server's processor, both in seconds, and of upstream. */
interface Install {
  readonly seconds: number;
  readonly cpu: number;
  readonly megabytes: number;
  readonly requests: number;
}

async function measureInstall({ upstream, createClient }: InstallScene, side: Side, set: number): Promise<Install> {
  const download = await createClient(side, set);
  await settleDisk();
  await upstream.clearRequests();
  const cpuBefore = cpuSeconds(side.pids());
  const begin = performance.now();
  await download();
  const seconds = (performance.now() - begin) / 1000;
  const cpu = cpuSeconds(side.pids()) - cpuBefore;
  const requests = await upstream.requests();
  const megabytes = requests.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  return { seconds, cpu, megabytes, requests: requests.length };
}
