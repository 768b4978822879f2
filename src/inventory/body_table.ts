import { eachBlob, isBodyName } from "../store/blob_scan.ts";
import { DigestSet } from "../store/digest_set.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { failIfDenied, fileOrNull } from "../store/regular_files.ts";
import { NumberColumn } from "../store/number_column.ts";

/** A body within this time of its arrival was used by the clients it was fetched for. */
const firstUseMs = 60_000;

/** The file of a body. Times are in ms since the epoch. */
export interface BodyFile {
  readonly sizeBytes: number;
  /** The time of its last use, to a minute; for one that was copied here perhaps the time of the copying. */
  readonly usedAt: number;
  /** True where nobody has asked for it again since it arrived. */
  readonly isUnused: boolean;
}

/** A body in a table. */
export interface TabledBody extends BodyFile {
  /** The number of bodies before it. */
  readonly index: number;
}

/** The state of a body's file; null where it is not stored. Throws `PermissionDenied` where that cannot be told. */
export function bodyFile(layout: FsLayout, sha256: string): BodyFile | null {
  const info = fileOrNull(layout.blob(sha256));
  if (info === null) failIfDenied(layout.blob(sha256));
  return info && describe(info);
}

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each body, with its size. */
  readonly visited?: ((sizeBytes: number) => void) | undefined;
}

/** All bodies of a cache directory by digest, in 32 bytes of memory each. Times are those of a second. */
export class BodyTable {
  readonly #layout: FsLayout;
  readonly #digests = new DigestSet({ isBrief: true });
  readonly #sizes = new NumberColumn();
  /** Seconds since the epoch, doubled, and one more for a body that was not used again. */
  readonly #used = new NumberColumn();
  #bytes = 0;

  private constructor(layout: FsLayout) {
    this.#layout = layout;
  }

  /** Looks at every body. Files with other names than digests are left out. Throws when aborted. */
  static async read(dir: string, { signal = new AbortController().signal, visited }: ReadOptions = {}) {
    const layout = new FsLayout(dir);
    const table = new BodyTable(layout);
    await eachBlob(layout, (sha256, info) => {
      if (!isBodyName(sha256)) return;
      table.#add(sha256, describe(info));
      visited?.(info.size);
    }, { signal, isAlone: true });
    signal.throwIfAborted();
    return table;
  }

  get size(): number {
    return this.#digests.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A body that has come meanwhile is added; null where it is not stored. */
  find(sha256: string): TabledBody | null {
    const index = this.#digests.indexOf(sha256);
    if (index >= 0) return this.at(index);
    const file = bodyFile(this.#layout, sha256);
    return file && this.#add(sha256, file);
  }

  at(index: number): TabledBody {
    const used = this.#used.get(index);
    const isUnused = used % 2 === 1;
    return { index, sizeBytes: this.#sizes.get(index), usedAt: Math.floor(used / 2) * 1000, isUnused };
  }

  #add(sha256: string, file: BodyFile): TabledBody {
    this.#digests.add(sha256);
    const index = this.#digests.size - 1;
    this.#sizes.set(index, file.sizeBytes);
    this.#used.set(index, Math.max(0, Math.floor(file.usedAt / 1000)) * 2 + Number(file.isUnused));
    this.#bytes += file.sizeBytes;
    return { index, ...file };
  }
}

function describe({ size, atime, mtime }: Deno.FileInfo): BodyFile {
  const writtenAt = mtime?.getTime() ?? 0;
  const usedAt = (atime ?? mtime)?.getTime() ?? 0;
  return { sizeBytes: size, usedAt, isUnused: usedAt - writtenAt < firstUseMs };
}
