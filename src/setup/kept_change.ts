import { join } from "node:path";
import { readSettings, writeSettings } from "./settings_file.ts";

/** What a file was before it was changed, null where there was none, and what it was made. */
export interface KeptChange {
  readonly before: string | null;
  readonly after: string;
}

/** The folder in which a change of a file is kept; the script that the vault serves uses the same. */
export function keptFolder(stateFolder: string, path: string): string {
  return join(stateFolder, path.slice(1).replaceAll("/", "%"));
}

/** Null where the file was not changed. */
export async function readKept(folder: string): Promise<KeptChange | null> {
  const after = await readSettings(join(folder, "after"));
  return after === null ? null : { before: await readSettings(join(folder, "before")), after };
}

/** Only their owner may read what is kept: files of clients have passwords in them. */
export async function keep(folder: string, { before, after }: KeptChange): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const old = join(folder, "before");
  if (before !== null) await writeSettings(old, before, 0o600);
  else if (await readSettings(old) !== null) await writeSettings(old, null);
  await writeSettings(join(folder, "after"), after, 0o600);
}

/** Forgets a change, once it is undone. */
export async function forget(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true });
}
