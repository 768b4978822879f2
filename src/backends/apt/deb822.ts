/**
 * Parses the fields of a document's first paragraph (deb822(5)) by their names in lower case. The first line of a field
 * is its text behind the colon; continuation lines follow. White space at the end of lines is dropped, and so are lines
 * that belong to no field. Of a field that comes twice the first counts.
 */
export function parseParagraph(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let lines: string[] | null = null;
  for (const untrimmed of text.split("\n")) {
    const line = untrimmed.trimEnd();
    if (line === "" && fields.size > 0) break;
    if (line === "" || line.startsWith("#")) continue;
    if (/^[ \t]/.test(line)) {
      lines?.push(line);
      continue;
    }
    const name = line.slice(0, Math.max(line.indexOf(":"), 0)).toLowerCase();
    lines = name === "" || /\s/.test(name) ? null : [line.slice(name.length + 1).trimStart()];
    if (lines !== null && !fields.has(name)) fields.set(name, lines);
  }
  return fields;
}
