import { Buffer } from "node:buffer";

/** A file a client may ask for, with its right bytes. */
export interface LoadFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Clients that ask for random files and ranges, one after the other, until the vault is gone; they check every byte.
 */
export class Load {
  /** What was wrong, where a client got bytes that are not the file's; empty when all is well. */
  readonly wrong: string[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Asks with `clients` clients until no connection can be had or `signal` says stop. */
  async run(
    baseUrl: string,
    files: readonly LoadFile[],
    options: { clients: number; signal: AbortSignal },
  ): Promise<void> {
    const client = async () => {
      while (!options.signal.aborted && await this.#ask(baseUrl, this.#pick(files), options.signal));
    };
    await Promise.all(Array.from({ length: options.clients }, client));
  }

  #pick(files: readonly LoadFile[]): LoadFile {
    const file = files[Math.floor(this.#random() * files.length)];
    if (file === undefined) throw new Error("No files to ask for");
    return file;
  }

  /** False when the vault could not be reached. */
  async #ask(baseUrl: string, file: LoadFile, signal: AbortSignal): Promise<boolean> {
    const start = this.#random() < 0.3 ? Math.floor(this.#random() * file.bytes.byteLength) : 0;
    const headers: HeadersInit = start > 0 ? { range: `bytes=${start}-` } : {};
    const response = await fetch(baseUrl + file.path, { headers, signal }).catch(() => null);
    if (response === null) return false;
    const problem = response.status === (start > 0 ? 206 : 200)
      ? await findWrongByte(response, file.bytes.subarray(start))
      : `status ${response.status}: ${await response.text().catch(() => "")}`;
    if (problem !== null) this.wrong.push(`${file.path} from ${start}: ${problem}`);
    return true;
  }
}

/** What is wrong with a body; a body that breaks off must be right up to there. */
export async function findWrongByte(response: Response, wanted: Uint8Array): Promise<string | null> {
  let at = 0;
  try {
    for await (const chunk of response.body ?? []) {
      if (Buffer.compare(chunk, wanted.subarray(at, at + chunk.byteLength)) !== 0) return `wrong bytes after ${at}`;
      at += chunk.byteLength;
    }
  } catch {
    return null;
  }
  return at === wanted.byteLength ? null : `looked complete with ${at} of ${wanted.byteLength} bytes`;
}
