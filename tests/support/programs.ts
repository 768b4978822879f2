/** Whether a program is on the PATH, or where Debian keeps servers. */
export function hasProgram(name: string): boolean {
  return findProgram(name) !== null;
}

/** Which of these are not installed; says so once on the terminal, so that a skipped test is never silent. */
export function missingPrograms(...names: string[]): string[] {
  const missing = names.filter((name) => !hasProgram(name));
  if (missing.length > 0) console.log(`tests skipped: ${missing.join(", ")} not installed`);
  return missing;
}

function findProgram(name: string): string | null {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => `${folder}/${name}`).find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
