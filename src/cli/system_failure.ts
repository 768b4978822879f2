import { VaultError } from "../errors.ts";
import { systemReason } from "../store/probe.ts";

const verbs: Readonly<Record<string, string>> = {
  readdir: "list",
  readfile: "read",
  writefile: "write",
  lstat: "look at",
  stat: "look at",
  mkdir: "make",
};

/** These say that the program was wrong about a path, not that the system is in its way. */
const ownMistakes = new Set(["ENOENT", "EEXIST", "ENOTDIR"]);

/**
 * Converts what Deno throws where this user may not use a file, or where its disk fails (`Permission denied (os error
 * 13): open '/cache/pins.json'`); null for every other error.
 */
export function asSystemFailure(error: unknown): VaultError | null {
  const reason = systemReason(error);
  if (reason === null || ownMistakes.has((error as { code: string }).code)) return null;
  const [, action = "use", path = ""] = / \(os error \d+\): (\w+) '([^']*)'/.exec((error as Error).message) ?? [];
  const what = path === "" ? "a file" : `"${path}"`;
  const remedy = error instanceof Deno.errors.PermissionDenied
    ? "; give it the right to, or run this as the user of the vault"
    : "";
  return new VaultError("storage_failed", `Cannot ${verbs[action] ?? action} ${what}: ${reason}${remedy}`, {
    cause: error,
  });
}
