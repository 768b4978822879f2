import { messageOf } from "../errors.ts";
import { fileMode, folderMode, removeQuietly } from "./files.ts";

/** Says in a sentence why the cache directory cannot be used; null where it can. Offline, reading is enough. */
export function probeFolder(folder: string, { offline }: { offline: boolean }): string | null {
  try {
    if (offline) Deno.readDirSync(folder).next();
    else probeWriting(folder);
    return null;
  } catch (error) {
    return `Cannot ${offline ? "read" : "write to"} the cache directory: ${reasonOf(error)}`;
  }
}

function probeWriting(folder: string): void {
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

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return "this process was started without the permission to";
  return reasons[(error as { code?: string }).code ?? ""] ?? messageOf(error);
}
