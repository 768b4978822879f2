import { folderMode } from "../store/files.ts";
import { statOrNull } from "../store/regular_files.ts";

/** The folder of a kit. Only this user may look into what is made of it. */
export class KitFolder {
  /** What was made for it: the outermost folder first. */
  readonly #made: readonly string[];

  /** Makes the folder, and those that it is in, unless they are there. Throws what the operating system says. */
  constructor(path: string) {
    const folders = [...path.matchAll(/[^/]+/g)].map(({ 0: name, index }) => path.slice(0, index + name.length));
    this.#made = folders.filter((folder) => statOrNull(folder) === null);
    Deno.mkdirSync(path, { recursive: true, mode: folderMode });
  }

  /** Removes again what was made and has stayed empty. */
  close(): void {
    for (const folder of this.#made.toReversed()) {
      if (statOrNull(folder) === null) continue;
      if (!Deno.readDirSync(folder)[Symbol.iterator]().next().done) return;
      Deno.removeSync(folder);
    }
  }
}
