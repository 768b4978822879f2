import { ByteReader } from "../../archive/byte_reader.ts";
import { openFileSource } from "../../archive/file_source.ts";
import { compressionOf, decompressed } from "../../archive/compression.ts";
import { FolderReader } from "../../archive/folder.ts";
import { blockBytes, isHeader } from "../../archive/tar_header.ts";
import { TarReader } from "../../archive/tar_reader.ts";
import { isForeign } from "../../bundle/foreign/is_foreign.ts";
import { packingOfBundle } from "../../bundle/foreign/packed_bundle.ts";
import { recognisedForms } from "../../bundle/foreign/recognise.ts";
import { codingOf } from "../../bundle/foreign/source_tree.ts";
import { headNames } from "../../bundle/write_bundle.ts";
import { VaultError } from "../../errors.ts";
import { shellWord } from "../../observe/shell_word.ts";

/** Nothing that can be imported is in one. */
export const noArchive = "a file that is no archive";

/**
 * Says what a path names in place of a bundle, to stand after "it is"; null for what may be a bundle, damaged or not.
 * Throws what the operating system says.
 */
export async function foundInstead(path: string): Promise<string | null> {
  const { isDirectory, isFile, size } = Deno.statSync(path);
  if (isDirectory) return await foundInFolder(path);
  if (!isFile) return null;
  return size === 0 ? "an empty file" : await foundInFile(path);
}

/** The error for a path that names no bundle, and the same for every command. */
export function noBundle(path: string, { verb, found }: { readonly verb: string; readonly found: string }): VaultError {
  const others = verb === "import"
    ? `. Imported are, besides: ${recognisedForms()}`
    : "; what other programs have made can only be imported";
  return new VaultError(
    "bundle_wrong",
    `Cannot ${verb} "${path}": it is ${found}, and no bundle. A bundle is a file or a directory that artifact-vault ` +
      `bundle export has written, or the list of its parts, OUT.parts.json${others}`,
  );
}

/**
 * Refuses a bundle that was packed in a way in which none is read. Throws `bundle_wrong`, with the commands that help.
 */
export async function refusePacked(path: string, verb: string): Promise<void> {
  const packing = await packingOfBundle(path);
  if (packing === null) return;
  const file = shellWord(path);
  throw new VaultError(
    "bundle_wrong",
    `Cannot ${verb} "${path}": it is a bundle that was packed with ${packing}, and bundles are read unpacked, or packed ` +
      `with gzip or zstd. Unpack it with ${packing} -d ${file}, or give - in its place and what ${packing} -dc ${file} writes`,
  );
}

async function foundInFolder(path: string): Promise<string | null> {
  const source = new FolderReader(path);
  if (!await isForeign(source)) return null;
  const isLayout = await source.has("oci-layout") && await source.has("index.json");
  return isLayout
    ? "an OCI image layout that another program has made"
    : "a directory without oci-layout and index.json";
}

async function foundInFile(path: string): Promise<string | null> {
  const coding = await codingOf(path);
  if (coding === "xz" || coding === "bzip2") return `a file that is packed with ${coding}`;
  const reader = await openReader(path);
  try {
    const block = await reader.peek(blockBytes);
    if (!isBeginning(block)) return noArchive;
    return await isForeign(new TarReader(reader)) ? "an archive that another program has made" : null;
  } catch (error) {
    // Its compressed data are damaged or cut.
    if (error instanceof VaultError) return null;
    throw error;
  } finally {
    reader.close();
  }
}

/** True for a file that begins as an archive does, however compressed. Throws what the operating system says. */
export async function isArchiveFile(path: string): Promise<boolean> {
  const reader = await openReader(path);
  try {
    return isBeginning(await reader.peek(blockBytes));
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  } finally {
    reader.close();
  }
}

/** Of a bundle that was cut within its first block, the name of its first file is left. */
function isBeginning(block: Uint8Array): boolean {
  if (block.byteLength === blockBytes) return isHeader(block);
  return new TextDecoder().decode(block).startsWith(headNames.layout.slice(0, block.byteLength));
}

async function openReader(path: string): Promise<ByteReader> {
  const reader = new ByteReader(openFileSource(path));
  const compression = compressionOf(await reader.peek(4));
  return compression === null ? reader : new ByteReader(decompressed(reader, compression));
}
