/**
 * The open files of this process below a folder, by path. Linux tells; other systems tell nothing. Deno reads `/proc`
 * with all permissions only.
 */
export function openFilesBelow(folder: string): string[] {
  if (Deno.build.os !== "linux") return [];
  const paths = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => targetOf(`/proc/self/fd/${name}`));
  return paths.filter((path) => path.startsWith(`${folder}/`));
}

/** Where a link leads to; empty where it is gone, as that of the folder itself is by now. */
function targetOf(link: string): string {
  try {
    return Deno.readLinkSync(link);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
