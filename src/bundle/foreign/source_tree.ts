import { dirname } from "node:path";
import { messageOf, VaultError } from "../../errors.ts";
import { unpack } from "../../backends/shared/unpack.ts";
import { DiskRoom } from "../disk_room.ts";
import { openDirectory } from "./directory_tree.ts";
import { fileRange } from "./file_range.ts";
import type { OpenedTree } from "./opened_tree.ts";
import { openTar } from "./tar_tree.ts";

/** Ways to pack an archive, by the bytes that they begin with. */
const codings: readonly (readonly [coding: string, magic: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

/** An archive that unpacks to more than this, and to so many times its size, is a bomb. */
const bomb = { bytes: 256 * 1024 ** 2, ratio: 100 };

/**
 * Opens a directory or an archive, which is unpacked into a temporary file in `spoolDir` where it is compressed. Throws
 * `bad_request` for what cannot be read, or is neither; the caller closes the tree.
 */
export async function openSourceTree(path: string, spoolDir: string): Promise<OpenedTree> {
  const { isDirectory, size } = await statOf(path);
  if (isDirectory) return await openDirectory(path);
  const coding = await codingOf(path);
  if (coding === null) return await openTar(path, path);
  const spool = await Deno.makeTempFile({ dir: spoolDir, prefix: "import-", suffix: ".tmp" });
  const remove = () => Deno.removeSync(spool);
  try {
    await unpackInto(spool, { path, coding, packedBytes: size });
    const tree = await openTar(spool, path);
    return {
      name: path,
      find: (path) => tree.find(path),
      list: (folder) => tree.list(folder),
      totalBytes: () => tree.totalBytes(),
      close: remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function statOf(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      const message = `Cannot read "${path}": start with --allow-read=${path}`;
      throw new VaultError("permission_missing", message, { cause });
    }
    throw new VaultError("bad_request", `Cannot read "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** The way in which a file is packed, by the bytes that it begins with; null for none that is known. */
export async function codingOf(path: string): Promise<string | null> {
  using file = await Deno.open(path);
  const start = new Uint8Array(6);
  await file.read(start);
  return codings.find(([, magic]) => magic.every((byte, at) => start[at] === byte))?.[0] ?? null;
}

interface Packed {
  readonly path: string;
  readonly coding: string;
  readonly packedBytes: number;
}

async function unpackInto(spool: string, { path, coding, packedBytes }: Packed): Promise<void> {
  using file = await Deno.open(spool, { write: true });
  const room = new DiskRoom(dirname(spool));
  let written = 0;
  const write = (chunk: Uint8Array) => {
    written += chunk.byteLength;
    if (written > bomb.bytes && written > packedBytes * bomb.ratio) {
      throw new Error("it unpacks to far more than it is; unpack it yourself, if it is what you want");
    }
    room.take(chunk.byteLength);
    for (let at = 0; at < chunk.byteLength;) at += file.writeSync(chunk.subarray(at));
  };
  try {
    await unpack(fileRange(path, { start: 0, end: packedBytes }), coding, write);
  } catch (error) {
    const why = messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
    throw new VaultError("bad_request", `Cannot unpack "${path}" (${coding}): ${why}`, { cause: error });
  }
}
