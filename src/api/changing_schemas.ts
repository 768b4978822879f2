import { z } from "zod";
import { mostDamagedTold } from "../cache_commands/contract.ts";

/* What changes are asked for with, and answered with. */

const patterns = z.array(z.string().min(1).max(4096)).min(1).max(1000).describe(
  "Names of entries; * within a segment, ** across",
);
const dryRun = z.boolean().default(false).describe("Removes nothing, and says what would be removed");
const milliseconds = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const purgeBody = z.strictObject({
  patterns,
  pinned: z.boolean().default(false).describe("Removes pinned entries as well"),
  all: z.boolean().default(false).describe("Confirms that everything may be removed, where everything is chosen"),
  dryRun,
});

export const pinBody = z.strictObject({ patterns });

export const evictBody = z.strictObject({
  toBytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("Until the cache takes no more than this"),
  unusedForMs: milliseconds.optional().describe("What nobody has asked for in so long"),
  backends: z.array(z.string().max(200)).min(1).max(1000).optional(),
  dryRun,
}).refine(({ toBytes, unusedForMs }) => (toBytes === undefined) !== (unusedForMs === undefined), {
  error: "give toBytes or unusedForMs, one of them",
});

export const verifyBody = z.strictObject({
  repair: z.boolean().default(false).describe("Removes what is damaged, and fetches again what has lost its body"),
});

export const revalidateBody = z.strictObject({
  names: z.array(z.string().min(1).max(8192)).min(1).max(100).describe("Names of entries"),
});

export const warmBody = z.strictObject({
  lines: z.array(z.string().min(1).max(4096)).min(1).max(10_000).describe(
    "Lines of a list, as for artifact-vault warm",
  ),
  platforms: z.array(z.string().max(200)).max(20).default([]),
  python: z.string().max(20).optional(),
  referrers: z.boolean().default(false),
  recommends: z.boolean().default(false),
  suites: z.array(z.string().max(200)).max(20).default([]),
});

export const refreshBody = z.strictObject({
  damagedBodies: z.int().min(0).max(mostDamagedTold).default(0).describe(
    "Counts so many bodies as damaged, which another program has found",
  ),
});
export const refreshed = z.strictObject({});

export const stopBody = z.strictObject({ job: z.string().max(40) });

export const job = z.strictObject({
  id: z.string(),
  kind: z.enum(["purge", "evict", "verify", "revalidate", "warm"]),
  state: z.enum(["running", "done", "failed", "stopped"]),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  done: z.int().min(0).describe("What has been looked at or fetched so far"),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
});

export const pinned = z.strictObject({
  added: z.array(z.string()).describe("Those that are new"),
  known: z.array(z.string()).describe("Those that were pins already"),
});

export const unpinned = z.strictObject({ removed: z.array(z.string()), unknown: z.array(z.string()) });
