import { cachedBackends } from "../inventory/cached_entries.ts";
import { measureCache } from "../inventory/cache_stats.ts";
import { entriesNamed, readDetails, readRemembered } from "../inventory/entry_details.ts";
import { entryName } from "../inventory/entry_name.ts";
import { listEntries } from "../inventory/listed_entry.ts";
import { parsePattern } from "../inventory/pattern.ts";
import { countChosen } from "../inventory/pins.ts";
import { prune } from "../inventory/prune.ts";
import { purge } from "../inventory/purge.ts";
import { removeDamaged } from "../inventory/repair.ts";
import { type Damage, verifyCache } from "../inventory/verify.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { markMilestone } from "../store/milestones.ts";
import type { Entry } from "../store/store.ts";
import type { CommandContext, CommandName, Inputs, Line, Results } from "./contract.ts";
import { type Telling, toldLines } from "./told_lines.ts";

type Work<Name extends CommandName> = (
  context: CommandContext,
  input: Inputs[Name],
  telling: Telling<Name>,
) => Promise<Results[Name]>;

const works: { readonly [Name in CommandName]: Work<Name> } = {
  backends: ({ dir }) => cachedBackends(dir),
  stats: ({ dir, besideClients }, _input, { signal, visited }) => measureCache(dir, { visited, besideClients, signal }),
  ls: listAll,
  show: showEntry,
  count: ({ dir, besideClients }, { patterns }, { signal, visited }) =>
    countChosen(dir, patterns.map(parsePattern), { signal, visited, besideClients }),
  verify: verifyAll,
  prune: pruneAll,
  purge: purgeChosen,
  misses: listMisses,
  forget: forgetMisses,
};

/** Does a command to a cache directory. Throws as the functions of `inventory/`, and when aborted. */
export function runCommand<Name extends CommandName>(
  name: Name,
  input: Inputs[Name],
  { context, signal }: { readonly context: CommandContext; readonly signal: AbortSignal },
): AsyncIterable<Line<Name>> {
  const work = works[name] as Work<Name>;
  return toldLines<Name>(signal, (telling) => work(context, input, telling));
}

async function listAll(
  { dir, besideClients }: CommandContext,
  { patterns, backends, olderThanMs, unusedForMs }: Inputs["ls"],
  { signal, item }: Telling<"ls">,
): Promise<null> {
  const unreadable: string[] = [];
  const filter = { patterns: patterns.map(parsePattern), olderThanMs, unusedForMs, ...backends && { backends } };
  const entries = listEntries(dir, { ...filter, besideClients, unreadable: (path) => unreadable.push(path) });
  for await (const entry of entries) {
    signal.throwIfAborted();
    await item(entry);
  }
  for (const path of unreadable) await item({ unreadable: path });
  return null;
}

async function showEntry(
  { dir, nextOf }: CommandContext,
  { name }: Inputs["show"],
  { visited }: Telling<"show">,
): Promise<Results["show"]> {
  const entries = await entriesNamed(dir, name);
  if (entries.length === 0) return { variants: [], remembered: await readRemembered(dir, name) };
  const next = await nextOf(entries);
  const details = await readDetails(dir, entries, { visited });
  const variants = details.map(({ remembered: _, ...details }, at) => ({ ...details, next: next[at]! }));
  return { variants, remembered: details[0]!.remembered };
}

async function verifyAll(
  { dir, digestOf, fetchAgain, changed, damaged }: CommandContext,
  { repair }: Inputs["verify"],
  { signal, item }: Telling<"verify">,
): Promise<Results["verify"]> {
  const damages: Damage[] = [];
  const lost: Entry[] = [];
  let shownAt = -Infinity;
  const verified = await verifyCache(dir, {
    async found(damage) {
      damages.push(damage);
      await item({ kind: "damage", damage });
    },
    lost: (entry) => lost.push(entry),
    progressed(progress) {
      if (performance.now() - shownAt < progressEveryMs) return;
      shownAt = performance.now();
      item({ kind: "progress", progress });
    },
    digestOf,
    signal,
  });
  for (const entry of lost) await item({ kind: "lost", name: entryName(entry) });
  await markMilestone(new FsLayout(dir), "verify");
  const damagedBodies = damages.filter(({ what }) => what === "damaged_body" || what === "broken_body").length;
  if (damagedBodies > 0) await damaged(damagedBodies);
  const { gone, removed } = repair ? await removeDamaged(dir, damages) : { gone: 0, removed: 0 };
  if (removed > 0) await changed();
  if (repair && lost.length > 0) {
    let at = 0;
    for await (const failure of fetchAgain(lost)) {
      await item({ kind: "fetched", name: entryName(lost[at++]!), failure });
    }
  }
  return { ...verified, damaged: damages.length, gone, removed };
}

const progressEveryMs = 100;

async function pruneAll(
  { dir, besideClients, offlineBackends, changed }: CommandContext,
  { aim, backends, dryRun }: Inputs["prune"],
  { signal, visited }: Telling<"prune">,
): Promise<Results["prune"]> {
  const offline = await offlineBackends();
  const pruned = await prune(dir, { aim, backends, offline, dryRun, signal, visited, besideClients });
  if (!dryRun) {
    await markMilestone(new FsLayout(dir), "prune");
    await changed();
  }
  return pruned;
}

async function purgeChosen(
  { dir, besideClients, changed }: CommandContext,
  { patterns, all, pinned, dryRun }: Inputs["purge"],
  { signal, visited, item }: Telling<"purge">,
): Promise<Results["purge"]> {
  let entriesOfAll = 0;
  const purged = await purge(dir, {
    ...{ patterns: patterns.map(parsePattern), pinned, dryRun, signal, visited, besideClients },
    named: (name) => item(name),
    confirmsAll: (entries) => (entriesOfAll = entries, all),
  });
  if (purged.kind === "unconfirmed") return { kind: "unconfirmed", entries: entriesOfAll };
  if (purged.kind === "purged" && !dryRun) await changed();
  return purged;
}

async function listMisses(
  { misses }: CommandContext,
  { sinceMs = Infinity }: Inputs["misses"],
  { item }: Telling<"misses">,
): Promise<null> {
  const now = Date.now();
  for (const miss of await misses.list()) {
    if (now - miss.last <= sinceMs) await item(miss);
  }
  return null;
}

async function forgetMisses({ misses }: CommandContext, { until }: Inputs["forget"]): Promise<null> {
  await misses.forget((await misses.list()).filter(({ last }) => last <= until));
  return null;
}
