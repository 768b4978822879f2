/** The packages in a folder that Python imports from, with their versions. */
export function versionsIn(path: string): Record<string, string> {
  const folders = [...Deno.readDirSync(path)].map(({ name }) => /^(.+)-([^-]+)\.dist-info$/.exec(name));
  const found = folders.filter((match) => match !== null).map(([, name = "", version = ""]) => [name, version]);
  return Object.fromEntries(found);
}
