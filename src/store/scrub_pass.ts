import { readJson } from "./regular_files.ts";

/** One pass over all bodies; also what is written down of it. Times are in ms since the epoch. */
export interface Pass {
  readonly startedAt: number;
  /** Null while it is going on. 0 where there has been none yet, and the first one counts from `startedAt`. */
  endedAt: number | null;
  /** The name of the body that was verified last: they are taken in order. Empty for none. */
  after: string;
  /** What has been verified, and how many of these bodies were damaged. */
  bodies: number;
  bytes: number;
  damaged: number;
}

/** The pass that a file tells of; null where it is missing or anything else. */
export function readPass(path: string): Pass | null {
  const pass = readJson(path) as Pass | null;
  if (typeof pass !== "object" || pass === null) return null;
  const counts = [pass.startedAt, pass.bodies, pass.bytes, pass.damaged];
  const isSound = counts.every((count) => Number.isSafeInteger(count) && count >= 0) &&
    (pass.endedAt === null || Number.isSafeInteger(pass.endedAt)) && /^[0-9a-f]*$/.test(String(pass.after));
  return isSound ? pass : null;
}

/** Whether the next pass is to begin. Also where this one began in what is the future by now. */
export function isDue({ startedAt }: Pass, everyMs: number): boolean {
  const now = Date.now();
  return now >= startedAt + everyMs || now < startedAt;
}
