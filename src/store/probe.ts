import { messageOf } from "../errors.ts";
import { fileMode, folderMode, removeQuietly } from "./files.ts";

/** Says in a sentence why the cache directory cannot be used; null where it can. Offline, reading is enough. */
export function probeFolder(folder: string, { offline }: { offline: boolean }): string | null {
  try {
    tryFolder(folder, { offline });
    return null;
  } catch (error) {
    return `Cannot ${offline ? "read" : "write to"} the cache directory: ${whyUnusable(error)}`;
  }
}

/** Throws what the system says where files cannot be kept in a folder; offline, where it cannot be listed. */
export function tryFolder(folder: string, { offline }: { offline: boolean }): void {
  if (offline) Deno.readDirSync(folder).next();
  else writeSomething(folder);
}

function writeSomething(folder: string): void {
  const path = `${folder}/.probe-${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: folderMode });
    Deno.writeTextFileSync(path, "", { mode: fileMode });
  } finally {
    removeQuietly(path);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full",
  EDQUOT: "the quota of this user on its disk is used up",
  EROFS: "its file system is read-only",
  EACCES: "this user may not",
  EPERM: "this user may not",
  ENOENT: "it is not there any more",
  EEXIST: "there is a file in its place",
  ENOTDIR: "there is a file in its place, or on the way to it",
  EIO: "its disk has errors",
  ESTALE: "the network share it is on is gone",
  EMFILE: "this process has too many files open",
};

/** Says in words why a folder of the cache could not be used, as the end of a sentence. */
export function whyUnusable(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return "this process was started without the permission to";
  return systemReason(error) ?? messageOf(error);
}

/** Says in words what the system says about the rights of this user and the state of a disk; null for other errors. */
export function systemReason(error: unknown): string | null {
  return reasons[(error as { code?: string } | null)?.code ?? ""] ?? null;
}
