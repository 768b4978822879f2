import { runCommand, runToSuccess } from "./run_command.ts";

/** Makes a FAT file system in a file and mounts it, as a stick would be; unmounted when disposed of. Needs root. */
export async function mountVfat(image: string, path: string, sizeMb: number): Promise<AsyncDisposable> {
  await Deno.mkdir(path, { recursive: true });
  await runToSuccess(["truncate", "-s", `${sizeMb}M`, image]);
  await runToSuccess(["mkfs.vfat", image]);
  await runToSuccess(["mount", "-o", "loop", image, path]);
  return {
    async [Symbol.asyncDispose]() {
      await runToSuccess(["umount", path]);
    },
  };
}

/** Whether this machine lets us mount one; says so once where it does not, so that a skipped test is never silent. */
export async function canMountVfat(): Promise<boolean> {
  const path = await Deno.makeTempDir({ prefix: "vault-vfat-" });
  try {
    await (await mountVfat(`${path}/image`, `${path}/mounted`, 4))[Symbol.asyncDispose]();
    return true;
  } catch {
    console.log(
      "tests skipped: no FAT can be mounted here (root, mkfs.vfat, a loop device and a kernel with vfat are needed)",
    );
    return false;
  } finally {
    await runCommand(["rm", "-rf", path]);
  }
}
