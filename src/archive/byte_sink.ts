/** Bytes on their way out. */
export interface ByteSink {
  /** The bytes may be reused when this has returned, or resolved. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Makes what was written valid under its name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abort(): void;
}

/** Writes all bytes to something that may take fewer at once. */
export function writeAll(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += file.writeSync(at === 0 ? bytes : bytes.subarray(at));
}
