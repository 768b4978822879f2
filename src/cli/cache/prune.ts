import { VaultError } from "../../errors.ts";
import type { PruneAim } from "../../inventory/prune.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import type { Action, OptionValues } from "../command.ts";
import { offlineOption } from "../config_options.ts";
import { durationOf, sizeOf } from "../option_values.ts";
import { carryOut } from "./carry_out.ts";
import { backendOption, backendsOf } from "./filter_options.ts";
import { cacheOptions, openCache } from "./open_cache.ts";
import { checkRemoved, describeRemoved } from "./removed_lines.ts";

/** Removes what was not used for longest. */
export const prune: Action = {
  name: "prune",
  summary:
    "Remove what was not used for longest; what is pinned stays, and what an offline backend has unless it is named",
  examples: [
    "artifact-vault cache prune --to 100GB --dry-run",
    "artifact-vault cache prune --unused-for 30d --backend pypi",
  ],
  options: {
    ...cacheOptions,
    ...offlineOption,
    ...backendOption,
    to: { value: "SIZE", help: "Until the cache, or what the named backends have in it, takes no more than this" },
    "unused-for": { value: "AGE", help: "Only what nobody has asked for in so long" },
    "dry-run": { help: "Remove nothing, and say what would be removed" },
    json: { help: "One JSON object" },
  },
  async run(given, io) {
    const { values, lists } = given;
    const aim = aimOf(values);
    const cache = await openCache(given, io, { writes: true });
    const backends = await backendsOf(lists.backend, cache, io);
    const dryRun = values["dry-run"] !== undefined;
    const input = { aim, dryRun, ...backends && { backends } };
    const pruned = await carryOut(cache, ["prune", input], { io, changes: true });
    const { dir } = cache;
    const { leftBytes, bodies, bytes, entries } = pruned;
    if (bodies + entries === 0) checkRemoved(pruned, dir);
    if (values.json) io.stdout(`${JSON.stringify({ dry_run: dryRun, bodies, bytes, entries, left: leftBytes })}\n`);
    else {
      const left = `${shownBytes(leftBytes)} ${dryRun ? "would be" : "are"} left`;
      io.stdout(`${describeRemoved(pruned, dryRun)}; ${left}\n`);
    }
    checkRemoved(pruned, dir);
    if (!("toBytes" in aim) || leftBytes <= aim.toBytes) return 0;
    throw new VaultError(
      "cache_full",
      `${shownBytes(leftBytes)} are more than --to ${values.to}: the rest is pinned, or of an offline backend and ` +
        "could not be fetched again; artifact-vault cache pins lists pins, and --backend NAME prunes an offline backend",
    );
  },
};

function aimOf(values: OptionValues): PruneAim {
  const [toBytes, unusedForMs] = [sizeOf(values, "to"), durationOf(values, "unused-for")];
  if (toBytes !== undefined && unusedForMs === undefined) return { toBytes };
  if (toBytes === undefined && unusedForMs !== undefined) return { unusedForMs };
  throw new VaultError("config_invalid", "cache prune needs --to SIZE or --unused-for AGE, one of them");
}
