import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";

/** Creates the cache directory where it is missing, and makes sure that files can be kept in it. */
export async function prepareCacheDir(dir: string): Promise<void> {
  await attempt(dir, "create", () => Deno.mkdir(dir, { recursive: true }));
  const probe = `${dir}/.probe-${crypto.randomUUID()}`;
  await attempt(dir, "write to", async () => {
    await Deno.writeTextFile(probe, "");
    await Deno.remove(probe);
  });
}

async function attempt(dir: string, verb: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const missing = asPermissionMissing(error);
    if (missing !== null) throw missing;
    const message = `Cannot ${verb} the cache directory "${dir}": ${reasonOf(error)}`;
    throw new VaultError("storage_failed", message, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const elsewhere = "name another directory with --cache-dir or cache_dir";
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return `there is a file in its place or on the way to it; remove it, or ${elsewhere}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) return `this user may not; give it the right to, or ${elsewhere}`;
  if ((error as { code?: string }).code === "EROFS") return `the file system is read-only; ${elsewhere}`;
  return `${messageOf(error)}; ${elsewhere}`;
}
