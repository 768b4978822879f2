import { fileMode } from "../store/files.ts";
import { writeAll } from "./byte_sink.ts";

/** The suffix of a file that is not written to its end yet. */
const partialSuffix = ".partial";

/**
 * A file that has another name until it is whole, so that one that has its name already stays until then. Only this
 * user may read it, as what is cached. Throws what the operating system says.
 */
export class PartialFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: Deno.FsFile;
  #state: "open" | "closed" | "named" = "open";

  /** Replaces what an earlier process has left under the other name, and never writes through a link there. */
  constructor(path: string) {
    this.#path = path;
    this.#partial = path + partialSuffix;
    removeIfThere(this.#partial);
    this.#file = Deno.openSync(this.#partial, { write: true, createNew: true, mode: fileMode });
  }

  write(bytes: Uint8Array): void {
    writeAll(this.#file, bytes);
  }

  /** Resolves once the bytes are on disk. */
  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  /** Nothing is written after that. */
  close(): void {
    if (this.#state === "open") this.#file.close();
    this.#state = "closed";
  }

  /** Gives the closed file its name. */
  commit(): void {
    Deno.renameSync(this.#partial, this.#path);
    this.#state = "named";
  }

  /** Removes it, unless it has its name. */
  abort(): void {
    if (this.#state === "named") return;
    this.close();
    removeIfThere(this.#partial);
  }
}

/** False where there was nothing. */
export function removeIfThere(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
