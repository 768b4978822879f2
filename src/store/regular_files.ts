/**
 * How files of the cache directory are looked at and opened. The directory may have been carried in from elsewhere, so
 * what has the name of a body may be a link to any file of this machine, or a named pipe, whose opening never ends.
 */

/** Entries and resume records are a few kilobytes; what is larger is none. */
const maxJsonBytes = 4 * 1024 * 1024;
/** A file that is being replaced at this moment is another one a moment later. */
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
    return actual === sizeBytes ? readWhole(file, sizeBytes) : null;
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
      const bytes = sizeBytes > maxBytes ? null : readWhole(file, sizeBytes);
      return bytes && new TextDecoder().decode(bytes);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

/** The state of what has this name, which may be a link; null where there is nothing. */
export function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

/** The same for a regular file; null for anything else. */
export function fileOrNull(path: string): Deno.FileInfo | null {
  const info = statOrNull(path);
  return info?.isFile ? info : null;
}

/** Null where the file has become shorter. */
function readWhole(file: Deno.FsFile, sizeBytes: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) return null;
    at += count;
  }
  return bytes;
}
