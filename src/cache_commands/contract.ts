import { z } from "zod";
import type { CacheStats } from "../inventory/cache_stats.ts";
import type { EntryDetails, Remembered } from "../inventory/entry_details.ts";
import type { ListedEntry } from "../inventory/listed_entry.ts";
import type { Pruned } from "../inventory/prune.ts";
import type { Purged } from "../inventory/purge.ts";
import type { Damage, Verified, VerifyProgress } from "../inventory/verify.ts";
import type { Next } from "../status/next_request.ts";
import type { KnownMisses, Miss } from "../store/misses.ts";
import type { Entry } from "../store/store.ts";

/*
 * What `artifact-vault cache` does to a cache, as one table: the same is done in the process of the command, or in a
 * server that the command asks for it. Everything here is JSON.
 */

const patterns = z.array(z.string().min(1).max(4096)).max(10_000);
const backends = z.array(z.string().max(200)).min(1).max(1000).optional();
const ms = z.number().min(0).max(Number.MAX_SAFE_INTEGER).optional();

/** What each command is told. */
export const inputs = {
  /** The names of the backends that have something in the cache. */
  backends: z.strictObject({}),
  stats: z.strictObject({}),
  ls: z.strictObject({ backends, patterns, olderThanMs: ms, unusedForMs: ms }),
  show: z.strictObject({ name: z.string().min(1).max(8192) }),
  /** How many entries each of some patterns chooses. */
  count: z.strictObject({ patterns }),
  verify: z.strictObject({ repair: z.boolean() }),
  prune: z.strictObject({
    aim: z.union([
      z.strictObject({ toBytes: z.int().min(0) }),
      z.strictObject({ unusedForMs: z.number().min(0).max(Number.MAX_SAFE_INTEGER) }),
    ]),
    backends,
    dryRun: z.boolean(),
  }),
  purge: z.strictObject({
    patterns: patterns.min(1),
    pinned: z.boolean(),
    /** Confirms that everything may be removed. */
    all: z.boolean(),
    dryRun: z.boolean(),
  }),
  misses: z.strictObject({ sinceMs: ms }),
  /** Forgets what was missed up to a time, in ms since the epoch. */
  forget: z.strictObject({ until: z.number().min(0).max(Number.MAX_SAFE_INTEGER) }),
} as const;

export type CommandName = keyof typeof inputs;
export type Inputs = { readonly [Name in CommandName]: z.output<(typeof inputs)[Name]> };

/** What is told while a command is at it. */
export interface Items {
  readonly backends: never;
  readonly stats: never;
  readonly ls: ListedEntry | { readonly unreadable: string };
  readonly show: never;
  readonly count: never;
  readonly verify: VerifyItem;
  readonly prune: never;
  /** The name of an entry that was removed, or would be. */
  readonly purge: string;
  readonly misses: Miss;
  readonly forget: never;
}

export type VerifyItem =
  | { readonly kind: "progress"; readonly progress: VerifyProgress }
  | { readonly kind: "damage"; readonly damage: Damage }
  /** The name of an entry that has lost its body. */
  | { readonly kind: "lost"; readonly name: string }
  /** `failure` is null for one that was fetched again. */
  | { readonly kind: "fetched"; readonly name: string; readonly failure: string | null };

/** What has come of each command. */
export interface Results {
  readonly backends: readonly string[];
  readonly stats: CacheStats;
  readonly ls: null;
  readonly show: Shown;
  readonly count: readonly number[];
  readonly verify: Verified & { readonly damaged: number; readonly gone: number; readonly removed: number };
  readonly prune: Pruned;
  readonly purge: Exclude<Purged, { readonly kind: "unconfirmed" }> | {
    readonly kind: "unconfirmed";
    readonly entries: number;
  };
  readonly misses: null;
  readonly forget: null;
}

/** Everything about the entries of a name; none where it is not cached. */
export interface Shown {
  readonly variants: readonly (Omit<EntryDetails, "remembered"> & { readonly next: Next })[];
  readonly remembered: Remembered;
}

/** What comes of a command, bit by bit: the result is the last of it. */
export type Line<Name extends CommandName> =
  /** So many files more have been looked at. */
  | { readonly visited: number }
  | { readonly item: Items[Name] }
  | { readonly result: Results[Name] };

/** Whoever can do it: this process, or a server. Throws a VaultError, and when aborted. */
export interface CacheCommands {
  run<Name extends CommandName>(name: Name, input: Inputs[Name], signal: AbortSignal): AsyncIterable<Line<Name>>;
}

/** A server is notified of no more damaged bodies at once. */
export const mostDamagedTold = 100_000;

/** What a command needs besides the directory. */
export interface CommandContext {
  readonly dir: string;
  /** True in a server, which answers clients meanwhile. */
  readonly besideClients: boolean;
  /** The SHA-256 in hex that the key of an entry says its body has; null where it says none. */
  digestOf(entry: Entry): string | null;
  /** What the next client of each entry gets; all are of one name. */
  nextOf(entries: readonly Entry[]): Promise<readonly Next[]>;
  /** Has bodies fetched again; yields why each has not come, and null where it has. */
  fetchAgain(entries: readonly Entry[]): AsyncIterable<string | null>;
  /** The backends whose bodies could not be fetched again. */
  offlineBackends(): Promise<readonly string[]>;
  /** What clients missed while the vault was offline. */
  readonly misses: KnownMisses;
  /** Called after something was removed. */
  changed(): Promise<void>;
  /** Called after so many bodies were found damaged, whether they are removed or not. */
  damaged(bodies: number): Promise<void>;
}
