/** The limit that most systems give a process, which is assumed where the real one cannot be found out. */
const usualLimit = 1024;
/** The most files that are opened to find out: more would make no difference, and each takes about 6 µs. */
const mostTried = 2048;

/**
 * Returns how many files this process may have open, as far as that matters: at most 2,048. Deno lets nobody read
 * `/proc/self/limits` without all permissions, so it is tried out on `path`, a file or folder that may be read.
 */
export function openFilesLimit(path: string): number {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < mostTried) files.push(Deno.openSync(path));
    return mostTried;
  } catch (error) {
    return (error as { code?: string }).code === "EMFILE" ? files.length : usualLimit;
  } finally {
    for (const file of files) file.close();
  }
}
