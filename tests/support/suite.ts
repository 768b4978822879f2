import { beginFile } from "./thorough.ts";

const tests = new URL("../", import.meta.url);
/** What has tests of its own kind, or none. */
const otherRooms = ["e2e", "bench", "support", "suites"];

/**
 * Adds the tests of these rooms to the suite that is running. A suite loads what it tests once for all its files, which
 * takes longer than most files do.
 */
export async function addRooms(...rooms: readonly string[]): Promise<void> {
  for (const room of rooms) await addFiles(new URL(`${room}/`, tests));
}

/** Adds the tests of all rooms but these, and those that are in no room. */
export async function addRoomsBut(...rooms: readonly string[]): Promise<void> {
  const names = namesIn(tests, (entry) => entry.isDirectory);
  await addRooms(...names.filter((name) => !rooms.includes(name) && !otherRooms.includes(name)));
  await addFiles(tests, false);
}

/** Those of the folder, and then those of the folders in it. */
async function addFiles(folder: URL, isDeep = true): Promise<void> {
  for (const name of namesIn(folder, ({ name }) => name.endsWith("_test.ts"))) {
    beginFile();
    await import(new URL(name, folder).href);
  }
  if (!isDeep) return;
  for (const name of namesIn(folder, (entry) => entry.isDirectory)) await addFiles(new URL(`${name}/`, folder));
}

function namesIn(folder: URL, isWanted: (entry: Deno.DirEntry) => boolean): string[] {
  return [...Deno.readDirSync(folder)].filter(isWanted).map(({ name }) => name).sort();
}
