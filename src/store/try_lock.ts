import { pause } from "./files.ts";

/** A runtime that can only wait for a lock waits so long. */
const waitMs = 300;

/** Takes the exclusive lock of an open file, which lasts until it is closed; false where somebody else has it. */
export async function tryLock(file: Deno.FsFile): Promise<boolean> {
  // Deno 2.6 has no `tryLock`.
  if ("tryLock" in file) return await file.tryLock(true);
  const waiting = (file as Deno.FsFile).lock(true).then(() => true, () => false);
  return await Promise.race([waiting, pause(waitMs).then(() => false)]);
}
