import { replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { readTextOrNull } from "./regular_files.ts";

/** What is done to the whole cache now and then, by a command or through the server. */
export const milestoneNames = ["verify", "prune", "import"] as const;

export type MilestoneName = typeof milestoneNames[number];

/** When each was last done to its end, in ms since the epoch; absent for never. */
export type Milestones = Readonly<Partial<Record<MilestoneName, number>>>;

const maxBytes = 4096;

/** Reads the milestones of a cache directory; none where the file is missing or damaged. */
export function readMilestones({ milestones: path }: FsLayout): Milestones {
  const found = parse(readTextOrNull(path, maxBytes) ?? "");
  const sound = milestoneNames.filter((name) => Number.isSafeInteger(found[name]) && (found[name] as number) > 0);
  return Object.fromEntries(sound.map((name) => [name, found[name]]));
}

/** Notes that something has been done now. Where that cannot be written down, nothing is lost but the time. */
export async function markMilestone(layout: FsLayout, name: MilestoneName): Promise<void> {
  const text = `${JSON.stringify({ ...readMilestones(layout), [name]: Date.now() })}\n`;
  await replaceFile(layout.milestones, `${layout.milestones}.${crypto.randomUUID()}.tmp`, text).catch(() => {});
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
