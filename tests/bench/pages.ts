import { kib } from "../support/random_file.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { type Bench, type Case, fileOf, settleDisk } from "./bench.ts";
import { cpuSeconds } from "./cpu.ts";
import type { Figure } from "./figures.ts";
import { makeEntries } from "./many_entries.ts";
import { memoryMb, peakMemoryMb } from "./memory.ts";
import { type FileSide, startFileVault } from "./sides.ts";

const openPages = 100;
const requestsPerSecond = 20;
/** As browsers ask for a page. */
const browser = { accept: "text/html,*/*;q=0.8" };

/** What it costs that people look: open pages, and the start page of a big cache. */
export const pages: Case = {
  name: "page",
  async run(bench) {
    return [...await costOfOpenPages(bench), ...await startPages(bench)];
  },
};

/** The share of a core that open pages take, on a server that nobody uses and on one that is used. */
async function costOfOpenPages(bench: Bench): Promise<Figure[]> {
  const file = await fileOf(bench, "hit-1k", kib);
  await using side = await startFileVault(bench.upstream);
  const seconds = 5 * bench.settings.loadSeconds;
  const share = async () => {
    const before = cpuSeconds(side.pids());
    await pause(seconds * 1000);
    return (cpuSeconds(side.pids()) - before) / seconds * 100;
  };
  const used = async (measure: () => Promise<number>) => {
    await using _traffic = startTraffic(side.url(file));
    return await measure();
  };
  // What is compiled and warmed up in its first seconds would else be counted as that of the first measure.
  await using pages = await openSome(side);
  await used(share);
  await pages[Symbol.asyncDispose]();
  const aloneInUse = await used(share);
  const alone = await share();
  await using _pages = await openSome(side);
  await pause(2000);
  const idle = await share() - alone;
  const inUse = await used(share) - aloneInUse;
  const figure = (what: string, value: number): Figure => ({
    ...{ name: `page, ${openPages} open, ${what}`, unit: "% of a core", vault: [Math.max(0, value)], peers: [] },
    wanted: [{ kind: "vault", atMost: 5 }],
  });
  return [figure("no requests", idle), figure(`${requestsPerSecond} requests a second`, inUse)];
}

/** Half of them are pages as browsers have them open, half listen to the API. */
async function openSome(side: FileSide): Promise<AsyncDisposable> {
  const leaving = new AbortController();
  const origin = new URL(side.url("")).origin;
  const reading: Promise<void>[] = [];
  for (let number = 0; number < openPages; number++) {
    const path = number % 2 === 0 ? "/-/page/live" : "/-/events";
    const response = await fetch(origin + path, { signal: leaving.signal });
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}`);
    reading.push(drain(response).catch(() => {}));
  }
  return {
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await Promise.all(reading);
    },
  };
}

/** Asks for one file again and again, at a steady pace. */
function startTraffic(url: string): AsyncDisposable {
  let last = Promise.resolve();
  const timer = setInterval(() => last = fetch(url).then(drain), 1000 / requestsPerSecond);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await last;
    },
  };
}

/** The start page of a big cache: at once after the start, while the cache is read, and then. */
async function startPages(bench: Bench): Promise<Figure[]> {
  const { entries } = bench.settings;
  await using dir = await createTempDir("vault-bench-");
  makeEntries(dir.path, entries);
  await settleDisk();
  await using side = await startFileVault(bench.upstream, dir.path);
  const home = new URL("/", side.url("")).href;
  const first = await timePage(home);
  const meanwhile: number[] = [];
  let isRead = false;
  const name = `page, ${entries.toLocaleString("en")} entries`;
  await waitUntil("the cache has been read", async () => {
    const { ms, text } = await timePage(home);
    meanwhile.push(ms);
    isRead = text.includes(`${entries.toLocaleString("en-GB")} entries:`);
    return isRead || undefined;
  }, 1_800_000);
  const after: number[] = [];
  for (let turn = 0; turn < 20; turn++) after.push((await timePage(home)).ms);
  const figure = (what: string, values: readonly number[]): Figure => ({
    ...{ name: `${name}, ${what}`, unit: "ms", vault: values, peers: [] },
    wanted: [{ kind: "vault", atMost: 200 }],
  });
  return [
    figure("first time", [first.ms]),
    figure("slowest while it is read", [Math.max(...meanwhile)]),
    figure("read", after),
    { name: `${name}, RSS`, unit: "MB", vault: [memoryMb(side.pids())], peers: [] },
    { name: `${name}, peak RSS`, unit: "MB", vault: [peakMemoryMb(side.pids())], peers: [] },
  ];
}

async function timePage(url: string): Promise<{ readonly ms: number; readonly text: string }> {
  const begin = performance.now();
  const response = await fetch(url, { headers: browser });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`The page answers ${response.status}`);
  return { ms: performance.now() - begin, text };
}

async function drain(response: Response): Promise<void> {
  await response.body?.pipeTo(new WritableStream());
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
