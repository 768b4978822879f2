import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { Breather } from "./breather.ts";
import type { ImportPlan } from "./import_plan.ts";

/** Bodies of a bundle that are for backends that are served. */
export interface BodyCounts {
  added: number;
  addedBytes: number;
  /** They were stored already. */
  there: number;
  thereBytes: number;
  /** They have taken the place of damaged ones. */
  repaired: number;
}

export function nothingCounted(): BodyCounts {
  return { added: 0, addedBytes: 0, there: 0, thereBytes: 0, repaired: 0 };
}

/** Counts what an import would store, by the sizes of files alone. Throws `storage_failed` once the signal is aborted. */
export async function countBodies(
  { bodies, wants }: Pick<ImportPlan, "bodies" | "wants">,
  layout: FsLayout,
  signal: AbortSignal | undefined,
): Promise<BodyCounts> {
  const counts = nothingCounted();
  const breather = new Breather(signal);
  for (const body of bodies.all()) {
    await breather.breathe();
    if (!wants(body.sha256)) continue;
    if (fileOrNull(layout.blob(body.sha256))?.size === body.sizeBytes) {
      counts.there++;
      counts.thereBytes += body.sizeBytes;
    } else {
      counts.added++;
      counts.addedBytes += body.sizeBytes;
    }
  }
  return counts;
}
