import { missingPrograms } from "../support/programs.ts";
import { freePort } from "../support/free_port.ts";
import { aptPrograms } from "../support/apt/scene.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { vaultCommand, vaultEnvironment } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";
import { parseSize } from "../../src/config/size.ts";
import { memoryMb } from "./memory.ts";
import { createMemoryGroup, type MemoryGroup } from "./memory_group.ts";
import { isUp, startLogged } from "./sides.ts";
import { makeTraffic, type Seen } from "./soak_traffic.ts";
import { type SoakUpstreams, startSoakUpstreams } from "./soak_upstreams.ts";

/** How much higher resident memory may be at any sample of the last two thirds than it was at its highest before. */
const mostGrowthMb = 24;
/** Smaller than what is asked for, so that bodies are evicted all the time. */
const cacheBytes = 80_000_000;
const sampleMs = 5000;

/** Runs every kind of traffic against one vault for SOAK_MINUTES, and fails where its memory grows. */
async function main(): Promise<boolean> {
  if (missingPrograms(...aptPrograms).length > 0) Deno.exit(2);
  const minutes = Number(Deno.env.get("SOAK_MINUTES") ?? 30);
  const limit = Deno.env.get("SOAK_MEMORY");
  await using stack = new AsyncDisposableStack();
  const upstreams = stack.use(await startSoakUpstreams());
  const dir = stack.use(await createTempDir("vault-soak-"));
  const group = limit === undefined ? null : stack.use(createMemoryGroup(parseSize(limit)!));
  const { process, origin } = await startVault(dir, upstreams, group);
  stack.use(process);
  const stop = new AbortController();
  const seen: Seen = { requests: 0, hits: 0, errors: 0 };
  const traffic = makeTraffic(origin, upstreams, { seen, signal: stop.signal });
  console.log(`${vaultCommand().join(" ")}, ${minutes} min${limit === undefined ? "" : `, in a group of ${limit}`}\n`);
  console.log("minute  RSS MB  heap MB  descriptors  requests     hits  errors");
  const samples: number[] = [];
  const begin = performance.now();
  for (let minute = 1; minute <= minutes && process.running; minute++) {
    while (process.running && performance.now() < begin + minute * 60_000) {
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
      samples.push(memoryMb([process.pid]));
    }
    upstreams.forget();
    const heap = await heapMb(origin);
    const cells = [
      minute,
      memoryMb([process.pid]),
      heap,
      descriptors(process.pid),
      seen.requests,
      seen.hits,
      seen.errors,
    ];
    const widths = [6, 6, 7, 11, 8, 7, 6];
    console.log(cells.map((cell, column) => cell.toFixed(0).padStart(widths[column]!)).join("  "));
  }
  const survived = process.running;
  stop.abort();
  await traffic;
  return verdict(samples, survived);
}

async function startVault(dir: TempDir, { backends }: SoakUpstreams, group: MemoryGroup | null) {
  const port = freePort();
  const config = { cache_dir: dir.join("cache"), cache_min_free: 0, cache_max_size: cacheBytes, backends };
  await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(config));
  const serve = ["serve", "--config", dir.join("config.yml"), "--host", "127.0.0.1", "--port", String(port)];
  const command = [...vaultCommand(), ...serve];
  const process = startLogged(group?.wrap(command) ?? command, dir.join("log"), vaultEnvironment());
  const origin = `http://127.0.0.1:${port}`;
  await waitUntil("the vault answers", () => isUp(process, `${origin}/healthz`, dir.join("log")));
  return { process, origin };
}

function verdict(samples: readonly number[], survived: boolean): boolean {
  const third = Math.ceil(samples.length / 3);
  const before = Math.max(...samples.slice(0, third));
  const growth = Math.max(...samples.slice(third)) - before;
  console.log(
    survived
      ? `\nhighest RSS in the first third ${before.toFixed(0)} MB, and after it ${growth.toFixed(1)} MB more` +
        ` (at most ${mostGrowthMb} allowed)`
      : "\nThe vault has ended",
  );
  return survived && growth <= mostGrowthMb;
}

/** NaN where the vault does not tell. */
async function heapMb(origin: string): Promise<number> {
  const metrics = await fetch(`${origin}/metrics`).then((response) => response.text(), () => "");
  return Number(/^process_heap_bytes (\S+)/m.exec(metrics)?.[1] ?? NaN) / 1e6;
}

function descriptors(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}

Deno.exit(await main() ? 0 : 1);
