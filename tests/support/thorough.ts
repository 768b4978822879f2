import { vaultExecutable } from "./vault_process.ts";

/** False in CI, where some things are done once, on a small scale, or not at all. */
export const isOwnMachine = Deno.env.get("CI") !== "true";

/**
 * Whether what takes long is done in full. CI runs the end-to-end tests twice, side by side, and the one with the program
 * that people have is enough for that.
 */
export const isThorough = isOwnMachine || vaultExecutable !== null;

/** The same for what would make that run much longer than the other, which does it instead, from source. */
export const isThoroughFromSource = isOwnMachine || vaultExecutable === null;

type Body = (t: Deno.TestContext) => void | Promise<void>;
type Options = Omit<Deno.TestDefinition, "fn" | "name">;

let files = 0;
let added = 0;

/** The tests that are added from now on are those of the next file of a suite; the files begin with either program in turn. */
export function beginFile(): void {
  added = files++ % 2;
}

/**
 * Adds a test as `Deno.test` does. CI runs it with one of both programs only: of the tests that a file adds in this way,
 * every other one from source and the rest with the executable. For real clients that take long, and whose tests in one
 * file are much alike.
 */
export function testInTurn(name: string, body: Body): void;
export function testInTurn(name: string, options: Options, body: Body): void;
export function testInTurn(options: Options & { name: string }, body: Body): void;
export function testInTurn(options: Deno.TestDefinition): void;
export function testInTurn(named: string | Options & { name: string }, ...rest: readonly (Options | Body)[]): void {
  const isOthers = !isOwnMachine && added++ % 2 === (vaultExecutable === null ? 0 : 1);
  const parts = [typeof named === "string" ? { name: named } : named, ...rest];
  const bodies = parts.map((part) => typeof part === "function" ? { fn: part } : part);
  const test: Deno.TestDefinition = Object.assign({}, ...bodies);
  Deno.test({ ...test, ignore: isOthers || test.ignore === true });
}
