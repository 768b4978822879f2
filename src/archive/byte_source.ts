/** Bytes in order, such as those of a file or of a pipe. The caller closes it. */
export interface ByteSource {
  /** Reads some bytes into `into`; null at the end. Throws what the operating system says. */
  read(into: Uint8Array): number | null | Promise<number | null>;
  /** Goes past bytes without reading them; absent where that is impossible. False where there are not so many. */
  skip?(bytes: number): boolean;
  close(): void;
}
