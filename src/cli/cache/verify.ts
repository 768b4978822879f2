import type { Results, VerifyItem } from "../../cache_commands/contract.ts";
import { VaultError } from "../../errors.ts";
import type { Damage, Verified } from "../../inventory/verify.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { bodyUnit, shownBodies, shownCount, shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import type { Action } from "../command.ts";
import { offlineOption } from "../config_options.ts";
import type { Io } from "../io.ts";
import { Progress } from "../progress.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";
import type { OpenedCache } from "./opened_cache.ts";

/** Compares everything in the cache with its name. */
export const verify: Action = {
  name: "verify",
  summary:
    "Compare every body with its digest and every entry with its body; --repair removes or fetches what is wrong",
  examples: ["artifact-vault cache verify --config config.yml", "artifact-vault cache verify --repair"],
  options: {
    ...cacheOptions,
    ...offlineOption,
    repair: { help: "Remove what is damaged, and fetch it again unless offline" },
    json: { help: "One JSON object a line: each damage, each entry that has lost its body, and a summary" },
  },
  async run(given, io) {
    const cache = await openCache(given, io, { writes: given.values.repair !== undefined });
    const repairs = given.values.repair !== undefined;
    const report = new Report(io, { json: given.values.json !== undefined, repairs });
    const progress = new Progress(io);
    const verified = await carryOut(cache, ["verify", { repair: repairs }], {
      ...{ io, changes: true },
      item: (item) => report.item(item, progress),
    }).finally(() => progress.end());
    await noteUnknown(cache, io);
    return report.end(verified, cache.dir);
  },
};

/** What names say of digests is a matter of the type of a backend, which only a configuration tells. */
async function noteUnknown(cache: OpenedCache, io: Io): Promise<void> {
  const cached = await carryOut(cache, ["backends", {}], { io });
  const unknown = cached.filter((name) => !cache.configured.includes(name));
  if (unknown.length === 0) return;
  const names = shownLine(unknown.map((name) => `"${name}"`).join(", "));
  io.stderr(
    `Note: the configuration does not have ${names}: digests in the names of what is cached there are not compared; ` +
      "name the right one with --config\n",
  );
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
  #fetched = 0;

  constructor(io: Io, options: ReportOptions) {
    this.#io = io;
    this.#options = options;
  }

  item(item: VerifyItem, progress: Progress): void {
    if (item.kind === "progress") {
      const { bodies, totalBodies, bytes, totalBytes } = item.progress;
      return progress.show({ unit: bodyUnit, done: bodies, total: totalBodies, bytes, totalBytes });
    }
    progress.end();
    switch (item.kind) {
      case "damage": {
        const { what, path } = item.damage;
        return this.#line({ damage: what, path }, `${path}: ${inWords[what]}`);
      }
      case "lost":
        return this.#line({ damage: "lost", name: item.name }, `${item.name}: its body is damaged`);
      case "fetched":
        return this.#fetchedAgain(item.name, item.failure);
    }
  }

  /** Returns the exit code. Throws where damage is left. */
  end(verified: Results["verify"], dir: string): number {
    const { bodies, bytes, entries, withoutBody, unfinished, damaged, gone, removed } = verified;
    const fetched = this.#fetched;
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
    if (gone === damaged) return 0;
    const advice = this.#options.repairs
      ? `${damaged - gone} of them could not be removed from "${dir}"`
      : "artifact-vault cache verify --repair removes what is wrong, and fetches it again";
    throw new VaultError("storage_failed", `The cache is damaged: ${advice}`);
  }

  #fetchedAgain(name: string, failure: string | null): void {
    if (failure === null) this.#fetched += 1;
    const text = failure === null ? `${name}: fetched again` : `${name}: not fetched again: ${failure}`;
    this.#line(failure === null ? { fetched: name } : { not_fetched: name, reason: failure }, text);
  }

  #line(json: object, text: string): void {
    this.#io.stdout(`${this.#options.json ? JSON.stringify(json) : shownLine(text)}\n`);
  }
}
