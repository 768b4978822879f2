/** A small file system in memory; unmounted when disposed of. */
export interface Tmpfs extends AsyncDisposable {
  /** From now on nothing can be written to it. No file may be open for writing. */
  makeReadOnly(): Promise<void>;
  /** Writes a file until nothing is free. */
  fill(): Promise<void>;
}

/** Mounts a tmpfs with these options on a directory that it makes. Needs root. */
export async function mountTmpfs(path: string, options: string): Promise<Tmpfs> {
  await Deno.mkdir(path, { recursive: true });
  if (!await succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", path)) throw new Error(`Cannot mount ${path}`);
  return {
    async makeReadOnly() {
      if (!await succeeds("mount", "-o", "remount,ro", path)) throw new Error(`Cannot make ${path} read-only`);
    },
    async fill() {
      if (await succeeds("dd", "if=/dev/zero", `of=${path}/filler`, "bs=4k")) throw new Error(`${path} has no end`);
    },
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
