import { join } from "node:path";
import { forgetFolders } from "./made_folders.ts";
import { makeFolder, readSettings, writeSettings } from "./settings_file.ts";

/** What a file was before it was changed, null where there was none, and what it was made. */
export interface KeptChange {
  readonly before: string | null;
  readonly after: string;
  /** The names of the clients that the change was made for, since several read the same file. */
  readonly clients: readonly string[];
}

/** The folder in which a change of a file is kept; the script that the vault serves uses the same. */
export function keptFolder(stateFolder: string, path: string): string {
  return join(stateFolder, path.slice(1).replaceAll("/", "%"));
}

/** Null where the file was not changed. */
export async function readKept(folder: string): Promise<KeptChange | null> {
  const after = await readSettings(join(folder, "after"));
  if (after === null) return null;
  const clients = await readSettings(join(folder, "clients")) ?? "";
  return { before: await readSettings(join(folder, "before")), after, clients: clients.split("\n").filter(Boolean) };
}

/** Only their owner may read what is kept: files of clients have passwords in them. */
export async function keep(folder: string, { before, after, clients }: KeptChange): Promise<void> {
  await makeFolder(folder, 0o700);
  const old = join(folder, "before");
  if (before !== null) await writeSettings(old, before, 0o600);
  else if (await readSettings(old) !== null) await writeSettings(old, null);
  await writeSettings(join(folder, "clients"), clients.map((name) => `${name}\n`).join(""), 0o600);
  await writeSettings(join(folder, "after"), after, 0o600);
}

/** Forgets a change, once it is undone, and removes the folders that were made for it and are empty. */
export async function forget(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true });
  await forgetFolders(join(folder, ".."));
}
