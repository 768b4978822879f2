/** Bytes in order, such as those of a file or of a pipe. The caller closes it. */
export interface ByteSource {
  /** Reads some bytes into `into`; null at the end. Throws what the operating system says. */
  read(into: Uint8Array): number | null | Promise<number | null>;
  /** Goes past bytes without reading them; absent where that is impossible. False where there are not so many. */
  skip?(bytes: number): boolean;
  close(): void;
}

/** Opens the bytes of a regular file. Throws what `Deno.openSync` throws. */
export function openFileSource(path: string): ByteSource {
  const file = Deno.openSync(path);
  const { size } = file.statSync();
  return {
    read: (into) => file.readSync(into),
    skip(bytes) {
      const at = file.seekSync(0, Deno.SeekMode.Current);
      if (at + bytes > size) return false;
      file.seekSync(bytes, Deno.SeekMode.Current);
      return true;
    },
    close: () => file.close(),
  };
}

/** The standard input of this process. Others of its work goes on while it waits for more. */
export function stdinSource(): ByteSource {
  return { read: (into) => Deno.stdin.read(into), close: () => {} };
}
