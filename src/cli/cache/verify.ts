import { carryingOf } from "../../configuration.ts";
import { VaultError } from "../../errors.ts";
import type { Config } from "../../config/schema.ts";
import { entryName } from "../../inventory/entry_name.ts";
import { removeDamaged } from "../../inventory/repair.ts";
import { type Damage, type Verified, verifyCache } from "../../inventory/verify.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { bodyUnit, shownBodies, shownCount, shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import { markMilestone } from "../../store/milestones.ts";
import type { Entry } from "../../store/store.ts";
import type { Action } from "../command.ts";
import { directoryOptions, offlineOption } from "../config_options.ts";
import type { Io } from "../io.ts";
import { Progress } from "../progress.ts";
import { interruptible } from "./interruptible.ts";
import { loadWithCacheDir } from "./load_with_cache_dir.ts";
import { tellServers } from "./running.ts";

/** Compares everything in the cache with its name. */
export const verify: Action = {
  name: "verify",
  summary:
    "Compare every body with its digest and every entry with its body; --repair removes or fetches what is wrong",
  examples: ["artifact-vault cache verify --config config.yml", "artifact-vault cache verify --repair"],
  options: {
    ...directoryOptions,
    ...offlineOption,
    repair: { help: "Remove what is damaged, and fetch it again unless offline" },
    json: { help: "One JSON object a line: each damage, each entry that has lost its body, and a summary" },
  },
  async run(given, io) {
    const config = await loadWithCacheDir(given, io);
    const repairs = given.values.repair !== undefined;
    const report = new Report(io, { json: given.values.json !== undefined, repairs });
    const { verified, lost } = await verifyAll(config, report, io);
    await markMilestone(new FsLayout(config.cache_dir), "verify");
    if (repairs) await report.repair(config, lost);
    return report.end(verified, config);
  },
};

async function verifyAll({ cache_dir: dir, backends }: Config, report: Report, io: Io) {
  const carryings = new Map(backends.map((backend) => [backend.name, carryingOf(backend)]));
  const progress = new Progress(io);
  const lost: Entry[] = [];
  const verified = await interruptible((signal) =>
    verifyCache(dir, {
      found: (damage) => report.damage(damage, progress),
      lost: (entry) => lost.push(entry),
      progressed: ({ bodies, totalBodies, bytes, totalBytes }) =>
        progress.show({ unit: bodyUnit, done: bodies, total: totalBodies, bytes, totalBytes }),
      digestOf: (entry) => carryings.get(entry.backend)?.digestOf?.(entry) ?? null,
      signal,
    })
  ).finally(() => progress.end());
  for (const entry of lost) report.lost(entry);
  return { verified, lost };
}

const inWords: Readonly<Record<Damage["what"], string>> = {
  damaged_body: "its bytes are not those that its name says",
  broken_body: "the disk has an error in it",
  unreadable_body: "this user may not read it",
  stray_file: "it is no body: its name is no digest",
  garbage_entry: "it has no entry in it",
  unreadable_entry: "this user may not read it",
  misplaced_entry: "its entry belongs elsewhere",
  other_digest: "its name says another digest than its body has",
  wrong_entry: "its entry has another size than the body",
  staged_leftover: "no process takes it over",
};

/** They are no damage: bodies are evicted, and fetched again when a client asks. */
function describeWithoutBody(count: number): string {
  if (count === 0) return "";
  return `; ${shownCount(count, "entry has", "entries have")} no body: fetched for the next client, missing offline`;
}

/** They are no damage. */
function describeUnfinished({ imports, bytes }: Verified["unfinished"]): string {
  if (imports === 0) return "";
  return `; ${shownCount(imports, "unfinished import")} with ${shownBytes(bytes)}, kept for a week: import again`;
}

interface ReportOptions {
  readonly json: boolean;
  readonly repairs: boolean;
}

/** Says what is wrong as soon as it is found, and what was done about it in the end. */
class Report {
  readonly #io: Io;
  readonly #options: ReportOptions;
  readonly #damages: Damage[] = [];
  #gone = 0;
  #removed = 0;
  #fetched = 0;

  constructor(io: Io, options: ReportOptions) {
    this.#io = io;
    this.#options = options;
  }

  damage(damage: Damage, progress: Progress): void {
    this.#damages.push(damage);
    progress.end();
    this.#line({ damage: damage.what, path: damage.path }, `${damage.path}: ${inWords[damage.what]}`);
  }

  lost(entry: Entry): void {
    const name = entryName(entry);
    this.#line({ damage: "lost", name }, `${name}: its body is damaged`);
  }

  async repair(config: Config, lost: readonly Entry[]): Promise<void> {
    const { gone, removed } = await removeDamaged(config.cache_dir, this.#damages);
    [this.#gone, this.#removed] = [gone, removed];
    if (removed > 0) await tellServers(config.cache_dir);
    if (lost.length === 0) return;
    const { fetchAgain } = await import("./fetch_again.ts");
    for await (const { entry, failure } of fetchAgain(config, lost)) {
      const name = entryName(entry);
      if (failure === null) this.#fetched += 1;
      const text = failure === null ? `${name}: fetched again` : `${name}: not fetched again: ${failure}`;
      this.#line(failure === null ? { fetched: name } : { not_fetched: name, reason: failure }, text);
    }
  }

  /** Returns the exit code. Throws where damage is left. */
  end({ bodies, bytes, entries, withoutBody, unfinished }: Verified, { cache_dir: dir }: Config): number {
    const damaged = this.#damages.length;
    const [removed, fetched] = [this.#removed, this.#fetched];
    const repaired = this.#options.repairs ? `; ${removed} removed, ${shownEntries(fetched)} fetched again` : "";
    this.#line(
      {
        ...{ bodies, bytes, entries, without_body: withoutBody, damaged, removed, fetched },
        ...{ unfinished_imports: unfinished.imports, unfinished_bytes: unfinished.bytes },
      },
      `Verified ${shownBodies(bodies)}, ${shownBytes(bytes)}, and ${shownEntries(entries)}: ` +
        (damaged === 0 ? "all are sound" : `${shownCount(damaged, "file is", "files are")} wrong${repaired}`) +
        describeWithoutBody(withoutBody) + describeUnfinished(unfinished),
    );
    if (this.#gone === damaged) return 0;
    const advice = this.#options.repairs
      ? `${damaged - this.#gone} of them could not be removed from "${dir}"`
      : "artifact-vault cache verify --repair removes what is wrong, and fetches it again";
    throw new VaultError("storage_failed", `The cache is damaged: ${advice}`);
  }

  #line(json: object, text: string): void {
    this.#io.stdout(`${this.#options.json ? JSON.stringify(json) : shownLine(text)}\n`);
  }
}
