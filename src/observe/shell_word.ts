/** A text as one word of a command line for sh, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The name of a file in the working directory as a word for sh, which no program takes for an option. */
export function shellFile(name: string): string {
  return shellWord(name.startsWith("-") ? `./${name}` : name);
}
