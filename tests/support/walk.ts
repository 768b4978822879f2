/** The files below a directory, as paths relative to it; none if it is not there. */
export function walk(directory: string): string[] {
  return [...entriesOf(directory)].flatMap((entry) =>
    entry.isDirectory ? walk(`${directory}/${entry.name}`).map((path) => `${entry.name}/${path}`) : [entry.name]
  );
}

function entriesOf(directory: string): Iterable<Deno.DirEntry> {
  try {
    return [...Deno.readDirSync(directory)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
