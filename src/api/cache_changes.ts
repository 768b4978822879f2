import type { Artifact } from "../artifact.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import { entriesNamed } from "../inventory/entry_details.ts";
import { withoutLeadingSlashes } from "../inventory/entry_name.ts";
import { parsePattern } from "../inventory/pattern.ts";
import { prune, type PruneAim } from "../inventory/prune.ts";
import { purge } from "../inventory/purge.ts";
import { removeDamaged } from "../inventory/repair.ts";
import { type Damage, verifyCache } from "../inventory/verify.ts";
import { redact } from "../observe/redact.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { markMilestone } from "../store/milestones.ts";
import type { Entry } from "../store/store.ts";
import { cacheResult } from "../http/cache_status.ts";
import type { JobRun } from "./jobs.ts";

/** What a server can do about entries one by one. */
export interface EntryActions {
  /** The artifact of an entry; null where no client asks for it by itself. */
  artifactOf(entry: Entry): Promise<Artifact | null>;
  /** Asks upstream about an artifact whatever its freshness, and stores what is new. Rejects with a VaultError. */
  revalidate(artifact: Artifact): Promise<CacheStatus>;
  /** The SHA-256 in hex that the key of an entry says its body has; null where it says none. */
  digestOf(entry: Entry): string | null;
  /** Takes note of what was changed in the cache directory from outside. */
  lookAnew(): void;
}

/** So many names and damages stand in a result. */
const mostListed = 1000;

type Result = Readonly<Record<string, unknown>>;

export interface PurgeWish {
  readonly patterns: readonly string[];
  readonly pinned: boolean;
  readonly all: boolean;
  readonly dryRun: boolean;
}

/** Removes entries by their names, as artifact-vault cache purge does. Throws `denied` and `not_found` as that. */
export async function purgeNamed(
  dir: string,
  { all, ...wish }: PurgeWish,
  { signal, visited }: JobRun,
): Promise<Result> {
  const names: string[] = [];
  let entriesOfAll = 0;
  const purged = await purge(dir, {
    ...{ ...wish, patterns: wish.patterns.map(parsePattern), signal, visited, besideClients: true },
    named: (name) => void (names.length < mostListed && names.push(name)),
    confirmsAll: (entries) => (entriesOfAll = entries, all),
  });
  if (purged.kind === "unconfirmed") {
    throw new VaultError("denied", `That is everything in the cache, ${entriesOfAll} entries: confirm it with all`);
  }
  if (purged.kind === "pinned") {
    const { entries, example, pin } = purged;
    throw new VaultError(
      "denied",
      `Nothing was removed: ${entries} of the entries are pinned, such as "${example}" by "${pin}". Send pinned to remove ` +
        "them as well",
    );
  }
  const { removed, forgotten } = purged;
  return { ...removed, ...forgotten, names, dryRun: wish.dryRun };
}

export interface EvictWish {
  readonly aim: PruneAim;
  readonly backends: readonly string[] | undefined;
  readonly offline: readonly string[];
  readonly dryRun: boolean;
}

/** Removes what was not used for longest, as artifact-vault cache prune does. */
export async function evictUnused(dir: string, wish: EvictWish, { signal, visited }: JobRun): Promise<Result> {
  const pruned = await prune(dir, { ...wish, signal, visited, besideClients: true });
  if (!wish.dryRun) await markMilestone(new FsLayout(dir), "prune");
  return { ...pruned, dryRun: wish.dryRun };
}

/** Compares everything in the cache with its name, as artifact-vault cache verify does. */
export async function verifyAll(
  dir: string,
  { repair, digestOf }: { readonly repair: boolean } & Pick<EntryActions, "digestOf">,
  { signal, visited }: JobRun,
): Promise<Result> {
  const damages: Damage[] = [];
  let bodies = 0;
  const verified = await verifyCache(dir, {
    found: (damage) => void damages.push(damage),
    lost() {},
    progressed(progress) {
      for (; bodies < progress.bodies; bodies++) visited();
    },
    digestOf,
    signal,
  });
  const { removed } = repair ? await removeDamaged(dir, damages) : { removed: 0 };
  await markMilestone(new FsLayout(dir), "verify");
  const listed = damages.slice(0, mostListed).map(({ what, path }) => ({ what, path }));
  return { ...verified, damaged: damages.length, removed, damages: listed };
}

/** Asks upstream about entries, one after the other. */
export async function revalidateNamed(
  dir: string,
  { names, actions }: { readonly names: readonly string[]; readonly actions: EntryActions },
  { signal, visited }: JobRun,
): Promise<Result> {
  const entries: Result[] = [];
  for (const name of names) {
    for (const entry of await entriesNamed(dir, withoutLeadingSlashes(name))) {
      if (signal.aborted) break;
      entries.push({ name, ...await outcomeOf(entry, actions) });
      visited();
    }
  }
  if (entries.length === 0 && !signal.aborted) throw new VaultError("not_found", `"${names[0]}" is not in the cache`);
  return { entries };
}

async function outcomeOf(entry: Entry, { artifactOf, revalidate }: EntryActions): Promise<Result> {
  const artifact = await artifactOf(entry);
  if (artifact === null) return { outcome: "skipped", reason: "no client asks for it by this name" };
  try {
    const status = await revalidate(artifact);
    const result = cacheResult(status);
    return { outcome: result === "miss" ? "fetched" : result, reason: status.reason ?? "" };
  } catch (error) {
    return { outcome: "failed", reason: redact(messageOf(error)) };
  }
}
