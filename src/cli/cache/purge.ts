import { VaultError } from "../../errors.ts";
import { misreadings, parsePattern } from "../../inventory/pattern.ts";
import type { Forgotten } from "../../inventory/remembered.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownCount, shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import type { Action } from "../command.ts";
import type { Io } from "../io.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";
import { checkRemoved, describeRemoved } from "./removed_lines.ts";

/** Removes entries by name. */
export const purge: Action = {
  name: "purge",
  summary: "Remove entries by name, the bodies that no other entry has, and what else is remembered of such names",
  examples: [
    "artifact-vault cache purge pypi/simple/requests/ --dry-run",
    "artifact-vault cache purge 'dockerhub/**/manifests/latest'",
  ],
  operands: { usage: "PATTERN...", help: "names of entries; * within a segment, ** across", least: 1, most: Infinity },
  options: {
    ...cacheOptions,
    pinned: { help: "Remove pinned entries as well; their pins stay, for what comes later" },
    "dry-run": { help: "Remove nothing, and say what would be removed" },
    yes: { help: "Remove everything without asking, where everything is chosen" },
    json: { help: "One JSON object a line: each name, and a summary" },
  },
  async run(given, io) {
    const { values, operands } = given;
    const cache = await openCache(given, io, { writes: true });
    const { dir } = cache;
    const dryRun = values["dry-run"] !== undefined;
    const patterns = operands.map((operand) => parsePattern(operand).text);
    const purgeAll = (all: boolean) =>
      carryOut(cache, ["purge", { patterns, pinned: values.pinned !== undefined, all, dryRun }], {
        ...{ io, changes: true },
        item: (name) => io.stdout(`${values.json ? JSON.stringify({ name }) : shownLine(name)}\n`),
      });
    let purged = await purgeAll(values.yes !== undefined);
    if (purged.kind === "unconfirmed" && asksForAll(purged.entries, dir, io)) purged = await purgeAll(true);
    if (purged.kind === "unconfirmed") return 1;
    if (purged.kind === "pinned") {
      const { entries, example, pin } = purged;
      const pinned = shownCount(entries, "entry is", "entries are");
      throw new VaultError(
        "denied",
        `Nothing was removed, since ${pinned} pinned, such as "${example}" by "${pin}"; --pinned removes them as well, ` +
          "artifact-vault cache unpin removes a pin",
      );
    }
    const { removed: { bodies, bytes, entries }, forgotten: { absences, transfers, transferBytes } } = purged;
    const json = { dry_run: dryRun, bodies, bytes, entries, absent: absences, parked_bytes: transferBytes };
    if (entries + bodies + absences + transfers === 0) checkRemoved(purged.removed, dir);
    if (values.json) io.stdout(`${JSON.stringify(json)}\n`);
    else io.stderr(`${describeRemoved(purged.removed, dryRun)}${describeForgotten(purged.forgotten)}\n`);
    checkRemoved(purged.removed, dir);
    if (entries + absences + transfers > 0) return 0;
    const why = misreadings(operands) || "artifact-vault cache ls lists names";
    throw new VaultError("not_found", `No entry has such a name; ${why}`);
  },
};

function describeForgotten({ absences, transfers, transferBytes }: Forgotten): string {
  return (absences === 0 ? "" : `; ${shownCount(absences, "name")} that upstream did not have`) +
    (transfers === 0 ? "" : `; ${shownBytes(transferBytes)} of ${shownCount(transfers, "interrupted transfer")}`);
}

/** False where a person does not want it. Throws `config_invalid` where there is nobody to ask. */
function asksForAll(entries: number, dir: string, io: Io): boolean {
  const all = `That is everything in the cache "${dir}", ${shownEntries(entries)}`;
  if (io.confirm !== undefined) return io.confirm(`${all}. Remove it all?`);
  throw new VaultError("config_invalid", `${all}: confirm that with --yes`);
}
