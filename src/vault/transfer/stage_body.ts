import type { Fetchable } from "../../artifact.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { hasAmbiguousLength } from "../../http/headers.ts";
import type { StagedBody } from "../../store/store.ts";
import { assess, type Assessment } from "../freshness.ts";
import type { TransferTools } from "./plan.ts";

/** For so much of a body of known size there is room before its first byte comes. */
const firstRoomBytes = 2 * 1024 * 1024;

type Tools = Pick<TransferTools, "store" | "events" | "log">;

/** As `assess`; a body whose length is ambiguous is stored only where its digest tells that it is whole. */
export function assessAnswer(artifact: Fetchable, headers: Headers): Assessment {
  const assessment = assess(artifact, headers, Date.now());
  const isDoubtful = hasAmbiguousLength(headers) && artifact.identity.kind !== "digest";
  const objection = "its Content-Length is not certain, and no digest tells whether it is whole";
  return isDoubtful ? { ...assessment, storable: false, objection } : assessment;
}

/** A place on disk for a body; null where there is no room or the disk fails, which is reported. */
export async function stageBody(
  artifact: Fetchable,
  sizeBytes: number | null,
  tools: Tools,
): Promise<StagedBody | null> {
  let staged: StagedBody | null = null;
  try {
    staged = await tools.store.stage(artifact);
    if (sizeBytes === null || await staged.reserve(Math.min(sizeBytes, firstRoomBytes), sizeBytes)) return staged;
    throw new VaultError("cache_full", `no room for ${sizeBytes} bytes within the limits of the cache`);
  } catch (error) {
    staged?.discard();
    reportUnstored(artifact, error, tools);
    return null;
  }
}

/** Logs and counts that a body is not stored. */
export function reportUnstored(artifact: Fetchable, cause: unknown, { events, log }: Omit<Tools, "store">): void {
  events.storeFailed(artifact.backend);
  // The store says why there is no room, and not for each body.
  const level = cause instanceof VaultError && cause.code === "cache_full" ? "info" : "error";
  log[level](`${notStoring(artifact)}: ${messageOf(cause)}`);
}

/** The beginning of a log line that says so. */
export function notStoring({ backend, key }: Fetchable): string {
  return `Not storing ${backend} ${key}, only passing it on`;
}
