import { join } from "node:path";
import { readSettings, writeSettings } from "./settings_file.ts";

/** Writes down which folders are made for settings, so that undoing the settings removes them. */
export async function noteFolders(stateFolder: string, folders: readonly string[]): Promise<void> {
  if (folders.length === 0) return;
  const noted = await readNoted(stateFolder);
  await writeNoted(stateFolder, [...noted, ...folders.filter((folder) => !noted.includes(folder))]);
}

/**
 * Removes the folders that were made and are empty, and the state folder with what was made above it when no change is
 * kept any more.
 */
export async function forgetFolders(stateFolder: string): Promise<void> {
  const noted = await readNoted(stateFolder);
  const isAbove = (folder: string) => `${stateFolder}/`.startsWith(`${folder}/`);
  const left: string[] = [];
  for (const folder of noted.filter((folder) => !isAbove(folder)).sort().reverse()) {
    if (!await removeEmpty(folder)) left.push(folder);
  }
  const above = noted.filter(isAbove).sort();
  const kept = (await Array.fromAsync(Deno.readDir(stateFolder))).filter(({ name }) => name !== "made");
  if (kept.length > 0) return await writeNoted(stateFolder, [...above, ...left].sort());
  if (noted.length > 0) await Deno.remove(join(stateFolder, "made"));
  for (const folder of new Set([stateFolder, ...above.reverse()])) await removeEmpty(folder);
}

/** False where the folder is there still, since it is not empty. */
async function removeEmpty(folder: string): Promise<boolean> {
  try {
    const { isDirectory } = await Deno.lstat(folder);
    if (isDirectory) await Deno.remove(folder);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

async function readNoted(stateFolder: string): Promise<string[]> {
  const text = await readSettings(join(stateFolder, "made")) ?? "";
  return text.split("\n").filter((line) => line.startsWith("/"));
}

async function writeNoted(stateFolder: string, folders: readonly string[]): Promise<void> {
  await writeSettings(join(stateFolder, "made"), folders.map((folder) => `${folder}\n`).join(""), 0o600);
}
