import { createHash } from "node:crypto";
import { openRegularFile } from "./regular_files.ts";

/** The result of reading a body: its SHA-256 in hex, or why there is none. */
export type HashedBody =
  | { readonly kind: "hashed"; readonly sha256: string }
  /** The disk has an error in it. */
  | { readonly kind: "broken"; readonly error: unknown }
  /** It is gone, may not be read, or the signal was aborted. */
  | { readonly kind: "unread"; readonly error: unknown };

interface HashOptions {
  /** Is overwritten. */
  readonly buffer: Uint8Array;
  readonly signal: AbortSignal;
  /** Called after each piece with its bytes, and waited for. */
  readonly read: (bytes: number) => Promise<void> | void;
  /** Called once the file is open, and waited for. */
  readonly opened?: () => Promise<void>;
}

/** Hashes the file of a body. Throws `NotCapable`. */
export async function hashBody(path: string, { buffer, signal, read, opened }: HashOptions): Promise<HashedBody> {
  let file: Deno.FsFile;
  try {
    file = openRegularFile(path).file;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { kind: "unread", error };
  }
  try {
    const hash = createHash("sha256");
    await opened?.();
    for (let bytes; (bytes = await file.read(buffer)) !== null;) {
      hash.update(buffer.subarray(0, bytes));
      await read(bytes);
      if (signal.aborted) return { kind: "unread", error: signal.reason };
    }
    return { kind: "hashed", sha256: hash.digest("hex") };
  } catch (error) {
    return { kind: (error as { code?: unknown }).code === "EIO" ? "broken" : "unread", error };
  } finally {
    file.close();
  }
}

/** Resets the access time of a body that was verified, which is no use: the order of eviction stays. */
export function restoreLastUse(path: string, { atime, mtime }: Deno.FileInfo): void {
  try {
    Deno.utimeSync(path, atime ?? new Date(0), mtime ?? new Date(0));
  } catch {
    // On a read-only medium, reading has changed nothing either.
  }
}
