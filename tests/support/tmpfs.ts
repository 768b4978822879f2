/** Mounts a tmpfs with these options on a directory that it makes; unmounted when disposed of. Needs root. */
export async function mountTmpfs(path: string, options: string): Promise<AsyncDisposable> {
  await Deno.mkdir(path, { recursive: true });
  if (!await succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", path)) throw new Error(`Cannot mount ${path}`);
  return {
    async [Symbol.asyncDispose]() {
      if (!await succeeds("umount", path)) throw new Error(`Cannot unmount ${path}`);
    },
  };
}

/** Whether this machine lets us mount; says so once where it does not, so that a skipped test is never silent. */
export async function canMountTmpfs(): Promise<boolean> {
  const path = await Deno.makeTempDir({ prefix: "vault-mount-" });
  try {
    await (await mountTmpfs(path, "size=1m"))[Symbol.asyncDispose]();
    return true;
  } catch {
    console.log("tests skipped: no tmpfs can be mounted here (root is needed)");
    return false;
  } finally {
    await Deno.remove(path);
  }
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}
