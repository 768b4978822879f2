import { walk } from "./walk.ts";

/** The blobs of a cache directory, as the paths below `blobs/sha256/` (`ab/abcdef…`). */
export function listBlobs(cacheDir: string): string[] {
  return walk(`${cacheDir}/blobs/sha256`);
}

export function hasBlob(cacheDir: string, sha256: string): boolean {
  return listBlobs(cacheDir).includes(`${sha256.slice(0, 2)}/${sha256}`);
}

/** The blobs whose bytes do not hash to their names; empty when all is well. */
export async function wrongBlobs(cacheDir: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const blob of listBlobs(cacheDir)) {
    const { stdout } = await new Deno.Command("sha256sum", { args: [`${cacheDir}/blobs/sha256/${blob}`] }).output();
    const hex = new TextDecoder().decode(stdout).slice(0, 64);
    if (blob !== `${hex.slice(0, 2)}/${hex}`) wrong.push(blob);
  }
  return wrong;
}

/** How many bytes of transfers under way lie in the cache directory. */
export function stagedBytes(cacheDir: string): number {
  const sizes = walk(`${cacheDir}/staging`).map((name) => sizeOf(`${cacheDir}/staging/${name}`));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A file may be renamed away between the listing and the question. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

/** Changes every byte of the first bodies of a cache directory; of all when absent. */
export function damageBlobs(cacheDir: string, count = Infinity): void {
  for (const blob of listBlobs(cacheDir).slice(0, count)) {
    const path = `${cacheDir}/blobs/sha256/${blob}`;
    Deno.writeFileSync(path, Deno.readFileSync(path).map((byte) => byte ^ 1));
  }
}
