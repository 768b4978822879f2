import { type CapturedRun, runCaptured } from "../../support/run_captured.ts";
import { bytesOf, StoreFixture, type StoreFixtureOptions } from "../../support/store_fixture.ts";
import type { Entry } from "../../../src/store/store.ts";

export const dayMs = 86_400_000;

interface PutOptions {
  /** The seed of its bytes; its name when absent. */
  readonly body?: string;
  readonly sizeBytes?: number;
  /** How long ago it was stored and used, in days; now when absent. */
  readonly storedDays?: number;
  readonly usedDays?: number;
}

/** A cache directory that a store has filled, and the commands that work on it. */
export class CacheScene implements AsyncDisposable {
  readonly fixture: StoreFixture;

  constructor(options: StoreFixtureOptions = {}) {
    this.fixture = new StoreFixture(options);
  }

  get dir(): string {
    return this.fixture.root;
  }

  /** Stores a body under the name `backend/key`, as a server would have some time ago. */
  async put(name: string, { body = name, sizeBytes = 1000, storedDays = 0, usedDays = 0 }: PutOptions = {}) {
    const [backend = "", ...rest] = name.split("/");
    const selector = { backend, key: `/${rest.join("/")}`, requestHeaders: [] };
    const storedAt = Date.now() - storedDays * dayMs;
    const times = { storedAt, validatedAt: storedAt, generatedAt: storedAt };
    const entry = await this.fixture.put(selector, bytesOf(body, sizeBytes), { ...times, url: "http://127.0.0.1/" });
    const usedAt = new Date(Date.now() - usedDays * dayMs);
    Deno.utimeSync(this.bodyPath(entry), usedAt, new Date(storedAt));
    return entry;
  }

  bodyPath({ sha256 }: Pick<Entry, "sha256">): string {
    return this.fixture.blobPath(sha256);
  }

  /** Runs `artifact-vault cache …` on this directory. */
  run(...args: readonly string[]): Promise<CapturedRun> {
    return runCaptured(this.#words(args));
  }

  /** The same, on a terminal. */
  runOnTerminal(...args: readonly string[]): Promise<CapturedRun> {
    return runCaptured(this.#words(args), { isTerminal: true });
  }

  /** No server is looked for, since one may be running here. */
  #words(args: readonly string[]): string[] {
    return ["cache", ...args, "--cache-dir", this.dir, ...args[0] === "stats" ? ["--port", "0"] : []];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
  }
}

/** The last column of each line. */
export function lastColumn({ stdout }: CapturedRun): string[] {
  return stdout.split("\n").filter((line) => line !== "").map((line) => line.split("\t").at(-1)!);
}
