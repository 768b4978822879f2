import { createSeededRandom } from "../support/random_file.ts";
import type { SoakUpstreams } from "./soak_upstreams.ts";

/** How many clients there are of each kind. */
const clients = { mixed: 8, slow: 6 };
const slowPauseMs = 100;

/** What the clients of a soak have seen so far. */
export interface Seen {
  requests: number;
  hits: number;
  /** Answers that are not what they should be, and connections that broke. */
  errors: number;
}

type Pick = <T>(all: readonly T[]) => T;

/** Asks, at random and with all kinds of clients, until `signal` says stop. */
export async function makeTraffic(
  origin: string,
  { paths, large }: SoakUpstreams,
  { seen, signal }: { seen: Seen; signal: AbortSignal },
): Promise<void> {
  const random = createSeededRandom(7);
  const pick: Pick = (all) => all[Math.floor(random() * all.length)]!;
  let missing = 0;
  const get = async (path: string, wanted: number, headers: HeadersInit = {}) => {
    const response = await fetch(origin + path, { headers, signal });
    seen.requests++;
    if (/; hit/.test(response.headers.get("cache-status") ?? "")) seen.hits++;
    if (response.status !== wanted) seen.errors++;
    return response;
  };
  const actions = [
    async () => drain(await get(pick(paths), 200)),
    async () => drain(await get(pick(paths), 200)),
    async () => drain(await get(`/files/missing/${missing++}`, 404)),
    async () => drain(await get(large, 206, { range: `bytes=${Math.floor(random() * 8e6)}-` })),
    // Leaves at the first byte.
    async () => (await get(pick(paths), 200)).body?.cancel(),
  ];
  const slow = async () => {
    const reader = (await get(large, 200)).body!.getReader();
    while (!signal.aborted && !(await reader.read()).done) await pause(slowPauseMs);
    await reader.cancel();
  };
  const client = async (act: () => Promise<unknown>) => {
    while (!signal.aborted) {
      await act().catch(() => {
        if (!signal.aborted) seen.errors++;
        return pause(slowPauseMs);
      });
    }
  };
  await Promise.all([
    ...Array.from({ length: clients.mixed }, () => client(() => pick(actions)())),
    ...Array.from({ length: clients.slow }, () => client(slow)),
  ]);
}

async function drain(response: Response): Promise<void> {
  await response.body?.pipeTo(new WritableStream());
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
