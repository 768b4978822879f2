/** Puts a file in the place that a copy of it would have: the same bytes and times, and another file. */
export async function copyInPlace(path: string): Promise<void> {
  const { atime, mtime } = await Deno.stat(path);
  await Deno.copyFile(path, `${path}.copy`);
  await Deno.utime(`${path}.copy`, atime!, mtime!);
  await Deno.rename(`${path}.copy`, path);
}

/** Flips a bit of a file's byte at `offset`, as a disk might: its times stay what they were. */
export async function flipBit(path: string, offset: number): Promise<void> {
  const { atime, mtime } = await Deno.stat(path);
  {
    using file = await Deno.open(path, { read: true, write: true });
    const byte = new Uint8Array(1);
    await file.seek(offset, Deno.SeekMode.Start);
    await file.read(byte);
    await file.seek(offset, Deno.SeekMode.Start);
    await file.write(byte.map((value) => value ^ 1));
  }
  await Deno.utime(path, atime!, mtime!);
}
