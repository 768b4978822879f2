import { Buffer } from "node:buffer";
import { writeAll } from "../archive/byte_sink.ts";
import { VaultError } from "../errors.ts";
import { isForgottenImport } from "../inventory/unfinished_imports.ts";
import { DigestSet } from "../store/digest_set.ts";
import { fileMode, folderMode, namesIn, removeQuietly } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull, openRegularFile, statOrNull } from "../store/regular_files.ts";
import { tryLock } from "../store/try_lock.ts";
import { identityOf } from "../store/verified_files.ts";
import type { Body } from "./body_list.ts";
import { sha256Of } from "./shard.ts";

const digestBytes = 32;
const digestsAtOnce = 8192;
const lockSuffix = ".lock";

/** A body in its file. */
interface BodyFile {
  readonly sha256: string;
  readonly info: Deno.FileInfo;
}

/**
 * Where the bodies of one bundle wait until all of it was read, in the cache directory. A journal in it knows the files
 * whose bytes were compared with their digests, also when they were moved from here, so that an import that ends early
 * is resumed. One import at a time has it, until it is closed or removed.
 */
export class ImportFolder {
  readonly #path: string;
  readonly #lock: Deno.FsFile;
  readonly #journal: Deno.FsFile;
  /** Digests of the digest of each body together with the identity of its file. */
  readonly #verified: DigestSet;

  private constructor(path: string, { lock, journal }: { lock: Deno.FsFile; journal: Deno.FsFile }) {
    this.#path = path;
    this.#lock = lock;
    this.#journal = journal;
    this.#verified = readJournal(journal);
  }

  /** Throws `storage_failed` while another import of the bundle is under way. */
  static async open(cacheDir: string, indexSha256: string): Promise<ImportFolder> {
    const { imports } = new FsLayout(cacheDir);
    const path = `${imports}/${indexSha256}`;
    Deno.mkdirSync(imports, { recursive: true, mode: folderMode });
    await removeForgotten(imports);
    const lock = await lockOf(path);
    if (lock === null) {
      throw new VaultError("storage_failed", "it is being imported by another process; wait for that one to end");
    }
    Deno.mkdirSync(path, { recursive: true, mode: folderMode });
    return new ImportFolder(path, { lock, journal: openJournal(`${path}/journal`) });
  }

  /** Where a body waits. */
  pathOf(sha256: string): string {
    return `${this.#path}/${sha256}`;
  }

  /** True for a body that waits here, whole and compared with its digest. */
  holds({ sha256, sizeBytes }: Body): boolean {
    const info = fileOrNull(this.pathOf(sha256));
    return info?.size === sizeBytes && this.isVerified({ sha256, info });
  }

  /** True for a file whose bytes an import of the bundle has compared with the digest, and that has not changed since. */
  isVerified(body: BodyFile): boolean {
    return this.#verified.has(markOf(body));
  }

  noteVerified(bodies: readonly BodyFile[]): void {
    const marks = bodies.map(markOf);
    writeAll(this.#journal, Buffer.from(marks.join(""), "hex"));
    for (const mark of marks) this.#verified.add(mark);
  }

  /** Leaves what is here for an import that resumes. */
  close(): void {
    if (this.#verified.size === 0) return this.remove();
    this.#journal.close();
    this.#lock.close();
  }

  remove(): void {
    this.#journal.close();
    removeQuietly(this.#path);
    removeQuietly(this.#path + lockSuffix);
    this.#lock.close();
  }
}

function markOf({ sha256, info }: BodyFile): string {
  return sha256Of(new TextEncoder().encode(`${sha256} ${identityOf(info)}`));
}

/** The locked lock of a folder, which may be missing; null where another process has it. */
async function lockOf(folder: string): Promise<Deno.FsFile | null> {
  const path = folder + lockSuffix;
  const options = { read: true, write: true };
  const file = statOrNull(path) === null
    ? Deno.openSync(path, { ...options, create: true, mode: fileMode })
    : openRegularFile(path, options).file;
  // Whoever had it may have removed it meanwhile.
  if (await tryLock(file) && statOrNull(path)?.ino === file.statSync().ino) return file;
  file.close();
  return null;
}

function openJournal(path: string): Deno.FsFile {
  const options = { read: true, write: true };
  return statOrNull(path) === null
    ? Deno.openSync(path, { ...options, createNew: true, mode: fileMode })
    : openRegularFile(path, options).file;
}

/** Leaves the file at its end. A killed import may have written half a digest. */
function readJournal(file: Deno.FsFile): DigestSet {
  const digests = new DigestSet({ isBrief: true });
  const bytes = Buffer.alloc(digestsAtOnce * digestBytes);
  let filled = 0;
  for (let count; (count = file.readSync(bytes.subarray(filled))) !== null;) {
    filled += count;
    const whole = filled - filled % digestBytes;
    for (let at = 0; at < whole; at += digestBytes) digests.add(bytes.toString("hex", at, at + digestBytes));
    bytes.copyWithin(0, whole, filled);
    filled -= whole;
  }
  file.truncateSync(digests.size * digestBytes);
  file.seekSync(0, Deno.SeekMode.End);
  return digests;
}

async function removeForgotten(imports: string): Promise<void> {
  for (const name of namesIn(imports)) {
    const path = `${imports}/${name}`;
    if (name.endsWith(lockSuffix) || !isForgottenImport(path)) continue;
    const lock = await lockOf(path);
    if (lock === null) continue;
    removeQuietly(path);
    removeQuietly(path + lockSuffix);
    lock.close();
  }
}
