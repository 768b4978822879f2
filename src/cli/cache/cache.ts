import type { Group } from "../command.ts";
import { ls } from "./ls.ts";
import { misses } from "./misses.ts";
import { pin, pins, unpin } from "./pins.ts";
import { prune } from "./prune.ts";
import { purge } from "./purge.ts";
import { show } from "./show.ts";
import { stats } from "./stats.ts";
import { verify } from "./verify.ts";

/** What works on the cache directory itself, also beside a running server. */
export const cache: Group = {
  name: "cache",
  summary: "Look into the cache and keep it tidy, also while a server uses it",
  examples: ["artifact-vault cache stats --config config.yml", "artifact-vault cache ls --sort size --limit 20"],
  commands: [stats, ls, show, verify, prune, purge, pin, unpin, pins, misses],
};
