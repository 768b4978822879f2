import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema, warmSourcesOf } from "../../src/configuration.ts";
import { noLog } from "../../src/observe/log.ts";
import { createClientInProcess } from "../../src/warm/client_in_process.ts";
import type { ListedLine } from "../../src/warm/list.ts";
import type { Outcome } from "../../src/warm/outcome.ts";
import { warm } from "../../src/warm/runner.ts";
import type { VaultClient, WarmSettings, WarmSource } from "../../src/warming.ts";
import { hashThread } from "../support/hash_thread.ts";

/** A vault in this process, whose cache is filled by lists. */
export interface WarmScene extends AsyncDisposable {
  readonly app: App;
  readonly client: VaultClient;
  readonly cacheDir: string;
  readonly sources: readonly WarmSource[];
  /** Warms these lines, and returns what became of each request by its label, sorted. */
  warm(lines: readonly string[], options?: WarmOptions): Promise<Warmed>;
}

export interface WarmOptions {
  readonly settings?: Partial<WarmSettings>;
  readonly jobs?: number;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface Warmed {
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** `new 3, cached 1`: how many there are of each kind. */
  readonly counts: string;
  /** Reasons of lines that failed. */
  readonly failures: readonly string[];
  readonly notes: readonly string[];
  /** What was said to be done besides; null where that was over. */
  readonly doings: readonly (string | null)[];
}

export const noSettings: WarmSettings = {
  platforms: [],
  referrers: false,
  recommends: false,
  suites: [],
};

/** Opens a text as the file of a list. */
export function openText(text: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return Promise.resolve(new Response(text).body!);
}

/** Opens a vault with these backends, and more keys at the top: its cache is gone in the end unless they name it. */
export async function openWarmScene(
  backends: readonly unknown[],
  top: { cache_dir?: string } = {},
): Promise<WarmScene> {
  const cacheDir = top.cache_dir ?? await Deno.makeTempDir({ prefix: "vault-test-" });
  const text = JSON.stringify({ cache_dir: cacheDir, cache_min_free: 0, ...top, backends });
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  const app = await createApp(config, { log: noLog, version: "0.0.0", hashThread });
  const client = createClientInProcess(app);
  const sources = warmSourcesOf(config);
  return {
    app,
    client,
    cacheDir,
    sources,
    warm: (lines, options = {}) => warmed(lines, { client, sources, ...options }),
    async [Symbol.asyncDispose]() {
      await app.close(5000);
      if (top.cache_dir === undefined) await Deno.remove(cacheDir, { recursive: true });
    },
  };
}

async function warmed(
  lines: readonly string[],
  { client, sources, settings, jobs = 4, dryRun = false, signal = new AbortController().signal }:
    & WarmOptions
    & Pick<WarmScene, "client" | "sources">,
): Promise<Warmed> {
  const outcomes: Record<string, Outcome> = {};
  const failures: string[] = [];
  const notes: string[] = [];
  const doings: (string | null)[] = [];
  const listed: ListedLine[] = lines.map((text, index) => ({ text, at: `list:${index + 1}` }));
  await warm(listed, {
    ...{ client, sources, jobs, dryRun, signal, settings: { ...noSettings, ...settings } },
    events: {
      found() {},
      received() {},
      ended: ({ path, label = path }, outcome) => void (outcomes[label] = outcome),
      lineFailed: ({ at }, reason) => void failures.push(`${at}: ${reason}`),
      note: (message) => void notes.push(message),
      doing: (what) => void doings.push(what),
    },
  });
  const kinds = Map.groupBy(Object.values(outcomes), ({ kind }) => kind);
  const counts = [...kinds].map(([kind, all]) => `${kind} ${all.length}`).sort().join(", ");
  return { outcomes, counts, failures, notes, doings };
}
