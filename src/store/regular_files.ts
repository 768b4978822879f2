/**
 * Opens files of the cache directory safely. The directory may come from elsewhere: a name in it can be a link to any
 * file of this machine, or a named pipe, whose opening never ends.
 */

/** Entries and resume records are a few kilobytes; a larger file is neither. */
const maxJsonBytes = 4 * 1024 * 1024;
/** Small files are read into this: whoever walks a million entries would leave as many buffers behind. */
const scratch = new Uint8Array(64 * 1024);
const decoder = new TextDecoder();
/** A file may be replaced between two looks at it; so often in a row it is not. */
const openAttempts = 3;

export interface OpenedFile {
  readonly file: Deno.FsFile;
  readonly sizeBytes: number;
  readonly info: Deno.FileInfo;
}

/**
 * Opens a regular file; the caller closes it. Follows no link at the end of the path, and never waits, as opening a
 * pipe would. Throws `NotFound` for anything that is no regular file, and what `Deno.openSync` throws.
 */
export function openRegularFile(path: string, options: Deno.OpenOptions = { read: true }): OpenedFile {
  for (let attempt = 0; attempt < openAttempts; attempt++) {
    const seen = Deno.lstatSync(path);
    if (!seen.isFile) break;
    const file = Deno.openSync(path, options);
    const opened = file.statSync();
    if (opened.ino === seen.ino && opened.dev === seen.dev) return { file, sizeBytes: opened.size, info: opened };
    file.close();
  }
  throw new Deno.errors.NotFound(`Not a regular file: "${path}"`);
}

/** All bytes of a regular file of `sizeBytes`; null where it has another size. Throws as `openRegularFile`. */
export function readRegularFile(path: string, sizeBytes: number): Uint8Array<ArrayBuffer> | null {
  const { file, sizeBytes: actual } = openRegularFile(path);
  try {
    return actual === sizeBytes ? readWhole(file, new Uint8Array(sizeBytes)) : null;
  } finally {
    file.close();
  }
}

/** The value that a small JSON file holds; null where it is missing, unreadable, no regular file or not JSON. */
export function readJson(path: string): unknown {
  const text = readTextOrNull(path, maxJsonBytes);
  try {
    return text && JSON.parse(text);
  } catch {
    return null;
  }
}

/** The text of a regular file of at most `maxBytes`; null where it is missing, unreadable, larger or anything else. */
export function readTextOrNull(path: string, maxBytes: number): string | null {
  try {
    const { file, sizeBytes } = openRegularFile(path);
    try {
      if (sizeBytes > maxBytes) return null;
      const into = sizeBytes <= scratch.byteLength ? scratch.subarray(0, sizeBytes) : new Uint8Array(sizeBytes);
      return readWhole(file, into) && decoder.decode(into);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

/** The state of the file, folder or link at `path`, without following it; null where there is nothing. */
export function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

/**
 * Throws `PermissionDenied` where this user may not look at `path`, or may not read the file there: those who tell people
 * what there is must not take it for missing.
 */
export function failIfDenied(path: string): void {
  try {
    // Opening a pipe would never end.
    if (Deno.lstatSync(path).isFile) Deno.openSync(path).close();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw error;
  }
}

/** The state of the regular file at `path`; null for anything else. */
export function fileOrNull(path: string): Deno.FileInfo | null {
  const info = statOrNull(path);
  return info?.isFile ? info : null;
}

/** Fills `bytes`, and returns them; null where the file has shrunk. */
function readWhole(file: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  for (let at = 0; at < bytes.byteLength;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) return null;
    at += count;
  }
  return bytes;
}
