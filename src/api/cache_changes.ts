import type { Artifact } from "../artifact.ts";
import type { CommandContext, CommandName, Inputs, Items, Results, VerifyItem } from "../cache_commands/contract.ts";
import { resultOf } from "../cache_commands/result_of.ts";
import { runCommand } from "../cache_commands/run_command.ts";
import { messageOf, VaultError } from "../errors.ts";
import { cacheResult, type CacheStatus } from "../http/cache_status.ts";
import { entriesNamed } from "../inventory/entry_details.ts";
import { withoutLeadingSlashes } from "../inventory/entry_name.ts";
import type { Damage } from "../inventory/verify.ts";
import { redact } from "../observe/redact.ts";
import type { Entry } from "../store/store.ts";
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
  /** Counts bodies in the cache that were found damaged. */
  damaged(bodies: number): void;
}

/** So many names and damages stand in a result. */
const mostListed = 1000;

type Result = Readonly<Record<string, unknown>>;

/** What a job does to the cache, and how. */
export interface CacheJob {
  readonly context: CommandContext;
  readonly run: JobRun;
}

/** Removes entries by their names. Throws `denied` where they are pinned, or are all there are. */
export async function purgeNamed(wish: Inputs["purge"], job: CacheJob): Promise<Result> {
  const names: string[] = [];
  const item = (name: string) => void (names.length < mostListed && names.push(name));
  const purged = await carryOut(["purge", wish], { ...job, item });
  if (purged.kind === "unconfirmed") {
    throw new VaultError("denied", `That is everything in the cache, ${purged.entries} entries: confirm it with all`);
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

/** Removes what was not used for longest. */
export async function evictUnused(wish: Inputs["prune"], job: CacheJob): Promise<Result> {
  return { ...await carryOut(["prune", wish], job), dryRun: wish.dryRun };
}

/** Compares everything in the cache with its name. */
export async function verifyAll(wish: Inputs["verify"], job: CacheJob): Promise<Result> {
  const damages: Pick<Damage, "what" | "path">[] = [];
  const { visited } = job.run;
  let [bodies, fetched] = [0, 0];
  const lookedAt = (all: number) => {
    for (; bodies < all; bodies++) visited();
  };
  const item = (item: VerifyItem) => {
    if (item.kind === "progress") lookedAt(item.progress.bodies);
    if (item.kind === "fetched" && item.failure === null) fetched += 1;
    if (item.kind !== "damage" || damages.length >= mostListed) return;
    const { what, path } = item.damage;
    damages.push({ what, path });
  };
  const { gone: _, ...verified } = await carryOut(["verify", wish], { ...job, item });
  lookedAt(verified.bodies);
  return { ...verified, fetched, damages };
}

interface Carrying<Name extends CommandName> extends CacheJob {
  readonly item?: (item: Items[Name]) => void;
}

/** Does what artifact-vault cache does, as a job. */
async function carryOut<Name extends CommandName>(
  [name, input]: readonly [Name, Inputs[Name]],
  { context, run: { signal, visited }, item }: Carrying<Name>,
): Promise<Results[Name]> {
  return await resultOf(runCommand(name, input, { context, signal }), {
    visited(files) {
      for (let count = 0; count < files; count++) visited();
    },
    item: item ?? (() => {}),
  });
}

/** Asks upstream about entries, one after the other. */
export async function revalidateNamed(
  dir: string,
  { names, actions }: { readonly names: readonly string[]; readonly actions: EntryActions },
  { signal, visited }: JobRun,
): Promise<Result> {
  const entries: Result[] = [];
  let isAnyCached = false;
  for (const name of names) {
    if (signal.aborted) break;
    const cached = await entriesNamed(dir, withoutLeadingSlashes(name));
    if (cached.length === 0) entries.push({ name, outcome: "skipped", reason: "it is not in the cache" });
    isAnyCached ||= cached.length > 0;
    for (const entry of cached) {
      if (signal.aborted) break;
      entries.push({ name, ...await outcomeOf(entry, actions) });
      visited();
    }
  }
  if (!isAnyCached && !signal.aborted) throw new VaultError("not_found", `"${names[0]}" is not in the cache`);
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
