import { join } from "node:path";

/** A file of random bytes, and what a right copy of it must be like. */
export interface RandomFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex, lower case. */
  readonly sha256: string;
}

export const kib = 1024;
export const mib = 1024 * kib;
export const gib = 1024 * mib;

const dayMs = 24 * 60 * 60 * 1000;

/** Writes a file of random bytes, no holes, last changed a month ago: HTTP then allows to keep it unasked for days. */
export async function createRandomFile(directory: string, name: string, sizeBytes: number): Promise<RandomFile> {
  const path = join(directory, name);
  const script = 'head -c "$1" /dev/urandom | tee "$2" | sha256sum';
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", String(sizeBytes), path],
    stderr: "inherit",
  }).output();
  if (code !== 0 || (await Deno.stat(path)).size !== sizeBytes) throw new Error(`Cannot write ${path}`);
  await Deno.utime(path, new Date(), new Date(Date.now() - 30 * dayMs));
  return { name, path, sizeBytes, sha256: new TextDecoder().decode(stdout).slice(0, 64) };
}

/** Random numbers in [0, 1) that a seed brings back (mulberry32). */
export function createSeededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
