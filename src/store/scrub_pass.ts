import { readJson } from "./regular_files.ts";

/** One pass over all bodies, as it is also written to disk. Times are in ms since the epoch. */
export interface Pass {
  readonly startedAt: number;
  /** Null during the pass. 0 before the first one, which is then due by `startedAt`. */
  endedAt: number | null;
  /** The name of the body that was verified last; they are visited in order. Empty for none. */
  after: string;
  /** The number and bytes of the bodies that were verified, and how many of them were damaged. */
  bodies: number;
  bytes: number;
  damaged: number;
}

/** Reads a pass from its file; null where that is missing or has anything else in it. */
export function readPass(path: string): Pass | null {
  const pass = readJson(path) as Pass | null;
  if (typeof pass !== "object" || pass === null) return null;
  const counts = [pass.startedAt, pass.bodies, pass.bytes, pass.damaged];
  const isSound = counts.every((count) => Number.isSafeInteger(count) && count >= 0) &&
    (pass.endedAt === null || Number.isSafeInteger(pass.endedAt)) && /^[0-9a-f]*$/.test(String(pass.after));
  return isSound ? pass : null;
}

/** True when the next pass is to begin; also where this one began in the future, since the clock was set back. */
export function isDue({ startedAt }: Pass, everyMs: number): boolean {
  const now = Date.now();
  return now >= startedAt + everyMs || now < startedAt;
}
