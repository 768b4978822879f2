import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type App, type AppDeps, createApp } from "../../src/app.ts";
import { openControl } from "../../src/cli/control/socket.ts";
import { listen, type Listening } from "../../src/cli/listen.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { BackendType } from "../../src/backends/backend_type.ts";
import { backendTypes } from "../../src/backends/types.ts";
import { type Config, createConfigSchema } from "../../src/config/schema.ts";
import { type Log, noLog } from "../../src/observe/log.ts";
import { listBlobs } from "./cache_dir.ts";
import { hashThread } from "./hash_thread.ts";
import { openFilesBelow } from "./open_files.ts";
import { askRaw, type RawAnswer, RawClient, type RawRequest } from "./raw_client.ts";
import { waitUntil } from "./wait_until.ts";
import { walk } from "./walk.ts";

export interface AppOptions {
  /** The `base_url` of the one backend, which is called `files` and served under `/files`. */
  readonly upstream: string | readonly string[];
  /** One of its own, gone in the end, where absent. */
  readonly cacheDir?: string;
  /** More keys at the top level of the configuration. */
  readonly top?: Readonly<Record<string, unknown>>;
  /** How long a broken answer of unknown length stands still before its connection is closed; 0 where absent. */
  readonly silenceMs?: number;
  /** More keys of the backend. */
  readonly backend?: Readonly<Record<string, unknown>>;
  /** The types of backend there are; those of the program where absent. */
  readonly types?: readonly BackendType[];
  /** Gets every line too. */
  readonly log?: Log;
  readonly configuration?: AppDeps["configuration"];
}

/**
 * Starts the whole program but for its command line, in this process and on a free port. Dispose of it with `await
 * using`.
 */
export function startApp(options: AppOptions): Promise<AppFixture> {
  const backend = { prefix: "/files", base_url: options.upstream, retries: 0, ...options.backend };
  return startBackends([{ type: "http", name: "files", config: backend }], options);
}

/** The same with these entries of `backends`. */
export async function startBackends(
  backends: readonly unknown[],
  options: Pick<AppOptions, "cacheDir" | "top" | "silenceMs" | "types" | "log" | "configuration"> = {},
): Promise<AppFixture> {
  const { types = backendTypes, configuration } = options;
  const cacheDir = options.cacheDir ?? await Deno.makeTempDir({ prefix: "vault-test-" });
  const config = await configOf(backends, { ...options, cacheDir });
  const lines: string[] = [];
  const app = await createApp(config, {
    ...{ log: recordingLog(lines, options.log), version: "0.0.0", silenceMs: options.silenceMs ?? 0, types },
    watches: true,
    hashThread,
    ...configuration !== undefined && { configuration },
  });
  const listening = listen((request, info) => app.handle(request, info), { config, tls: null });
  return new AppFixture(app, { listening, cacheDir, ownsCacheDir: options.cacheDir === undefined, lines });
}

/** The configuration with these entries of `backends`. */
export function configOf(
  backends: readonly unknown[],
  { cacheDir, top, types = backendTypes }: Pick<AppOptions, "top" | "types"> & { readonly cacheDir: string },
): Promise<Config> {
  const text = JSON.stringify({ http_port: 0, cache_dir: cacheDir, cache_min_free: 0, ...top, backends });
  return loadConfig({ schema: createConfigSchema(types), text, env: () => undefined });
}

interface AppFixtureOptions {
  readonly listening: Listening;
  readonly cacheDir: string;
  readonly ownsCacheDir: boolean;
  readonly lines: readonly string[];
}

/** A running vault. When it is disposed of, no file of the cache may still be open and no blob be wrong. */
export class AppFixture implements AsyncDisposable {
  readonly cacheDir: string;
  /** What was logged: `INFO message`. */
  readonly lines: readonly string[];
  readonly origin: string;
  readonly #app: App;
  readonly #ownsCacheDir: boolean;
  readonly #server: Listening["server"];
  #closeControl = () => {};

  constructor(app: App, options: AppFixtureOptions) {
    this.cacheDir = options.cacheDir;
    this.lines = options.lines;
    this.origin = options.listening.url;
    this.#app = app;
    this.#ownsCacheDir = options.ownsCacheDir;
    this.#server = options.listening.server;
  }

  /** Asks as no library would normalise it, and reads the answer to its end or break. */
  ask(target: string | Uint8Array, request?: RawRequest): Promise<RawAnswer> {
    return askRaw(this.origin, target, request);
  }

  /** A client that the test lets read, wait and leave. */
  connect(): Promise<RawClient> {
    return RawClient.connect(this.origin);
  }

  /** The first line of the log that matches, once it is there. */
  logged(pattern: RegExp): Promise<string> {
    return waitUntil(`the log says ${pattern}`, () => this.lines.find((line) => pattern.test(line)), 5000)
      .catch((error) => assert.fail(`${error.message}:\n${this.lines.join("\n")}`));
  }

  /** The sum of all samples of a metric whose labels are, among others, these: `status="502"`. */
  async metric(name: string, ...labels: string[]): Promise<number> {
    const { text } = await this.ask("/metrics");
    const samples = text.split("\n").filter((line) =>
      /^\w+/.exec(line)?.[0] === name && labels.every((label) => line.includes(label))
    );
    return samples.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Resolves when no transfer is under way any more. */
  async idle(): Promise<void> {
    await waitUntil("no transfer is under way", async () => await this.metric("vault_transfers_in_progress") === 0);
  }

  /** Takes commands at a control socket from now on, as the program does. */
  async takeCommands(): Promise<void> {
    this.#closeControl = await openControl({
      ...{ cacheDir: this.cacheDir, log: noLog, handle: (request, info) => this.#app.handle(request, info) },
      answer: () => Promise.resolve({ kind: "status", pid: Deno.pid, url: this.origin, version: "0.0.0" }),
    });
  }

  /** As SIGHUP does it. */
  renewCertificates(): Promise<void> {
    return this.#app.renewCertificates();
  }

  /** What the cache directory holds: entries, blobs, and bodies under way or left over. */
  held(): { entries: number; blobs: number; staged: number } {
    const staged = walk(`${this.cacheDir}/staging`).filter((name) => name.endsWith(".part"));
    const entries = walk(`${this.cacheDir}/entries`);
    return { entries: entries.length, blobs: listBlobs(this.cacheDir).length, staged: staged.length };
  }

  /** Open files below the cache directory, by path. */
  openFiles(): string[] {
    return openFilesBelow(this.cacheDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeControl();
    await this.#app.close(0);
    await this.#server.shutdown();
    try {
      await waitUntil("no file of the cache is open", () => this.openFiles().length === 0, 3000)
        .catch(() => assert.deepEqual(this.openFiles(), []));
      assertBlobsAreRight(this.cacheDir);
    } finally {
      if (this.#ownsCacheDir) await Deno.remove(this.cacheDir, { recursive: true }).catch(() => {});
    }
  }
}

function recordingLog(lines: string[], other: Log = noLog): Log {
  const record = (level: "debug" | "info" | "warning" | "error"): Log["info"] => (message, fields) => {
    lines.push(`${level.toUpperCase()} ${message}`);
    other[level](message, fields);
  };
  return {
    debugs: true,
    debug: record("debug"),
    info: record("info"),
    warning: record("warning"),
    error: record("error"),
  };
}

function assertBlobsAreRight(cacheDir: string): void {
  for (const blob of listBlobs(cacheDir)) {
    const bytes = Deno.readFileSync(`${cacheDir}/blobs/sha256/${blob}`);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), blob.slice(3));
  }
}
