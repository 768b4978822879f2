import type { Nginx } from "../support/nginx.ts";
import { memoryFigure, settleDisk } from "./bench.ts";
import type { Figure, Measured } from "./figures.ts";
import { peakMemoryMb } from "./memory.ts";
import type { Side } from "./sides.ts";

/** What clients install from, and the ways there. */
export interface Installs {
  readonly name: string;
  readonly upstream: Nginx;
  /** Each starts with an empty cache: the vault, and the others it is compared with, of which one may be no cache. */
  readonly ways: readonly (() => Promise<Side>)[];
  /** Makes a client that has nothing yet; what it returns has it get all it wants from the repository at this URL. */
  createClient(url: string): Promise<() => Promise<unknown>>;
}

const temperatures = ["cold", "warm"] as const;
type Temperature = typeof temperatures[number];

/** What one client took. */
interface Sample {
  readonly seconds: number;
  readonly upstreamMegabytes: number;
  readonly upstreamRequests: number;
}

/** One way in one turn. */
interface Turn extends Readonly<Record<Temperature, Sample>> {
  readonly name: string;
  /** NaN where there is no cache. */
  readonly memoryMb: number;
}

/**
 * Has a client get all it wants through a cache that is empty, and another one the same again, by each way in turns.
 */
export async function compareInstalls(installs: Installs, repeats: number): Promise<Figure[]> {
  const turns = new Map<number, Turn[]>();
  for (let turn = 0; turn < repeats; turn++) {
    const order = installs.ways.map((_, index) => (index + turn) % installs.ways.length);
    for (const way of order) {
      turns.set(way, [...turns.get(way) ?? [], await takeTurn(installs, installs.ways[way]!)]);
    }
  }
  const [vault = [], ...peers] = installs.ways.map((_, way) => turns.get(way)!);
  return figuresOf(installs.name, vault, peers);
}

async function takeTurn(installs: Installs, startWay: () => Promise<Side>): Promise<Turn> {
  await using side = await startWay();
  const cold = await takeSample(installs, side);
  const warm = await takeSample(installs, side);
  const pids = side.pids();
  return { name: side.name, cold, warm, memoryMb: pids.length === 0 ? NaN : peakMemoryMb(pids) };
}

async function takeSample({ upstream, createClient }: Installs, side: Side): Promise<Sample> {
  const install = await createClient(side.url(""));
  await settleDisk();
  await upstream.clearRequests();
  const start = performance.now();
  await install();
  const seconds = (performance.now() - start) / 1000;
  const requests = await upstream.requests();
  const bytes = requests.reduce((sum, { bytes }) => sum + bytes, 0);
  return { seconds, upstreamMegabytes: bytes / 1e6, upstreamRequests: requests.length };
}

function figuresOf(name: string, vault: readonly Turn[], peers: readonly (readonly Turn[])[]): Figure[] {
  const measured = (valueOf: (turn: Turn) => number, compared = peers): Measured => ({
    vault: vault.map(valueOf),
    peers: compared.map((turns) => ({ name: turns[0]!.name, values: turns.map(valueOf) })),
  });
  const figures = temperatures.flatMap((temperature): Figure[] => {
    const of = (key: keyof Sample) => measured((turn) => turn[temperature][key]);
    return [
      { name: `${name} ${temperature}`, unit: "s", ...of("seconds") },
      { name: `${name} ${temperature}, upstream traffic`, unit: "MB", ...of("upstreamMegabytes") },
      { name: `${name} ${temperature}, upstream requests`, unit: "", ...of("upstreamRequests") },
    ];
  });
  const caches = peers.filter(([first]) => !Number.isNaN(first!.memoryMb));
  return [...figures, memoryFigure(name, measured(({ memoryMb }) => memoryMb, caches))];
}
