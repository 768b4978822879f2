import type { Digest } from "../../digest.ts";
import { type FileColumns, type FileRow, packFiles } from "../shared/listings/file_table.ts";
import { digestOf } from "./hashes.ts";
import { addressOf, fileKeyOf } from "./indexes.ts";
import type { PageFile } from "./page.ts";

/** The table of a page's files, by `fileKeyOf`. */
export function packPageFiles(files: readonly PageFile[]): FileColumns {
  return packFiles(files.flatMap(rowsOf));
}

/** A file, and the files beside it that the page vouches for: `.metadata` and `.asc`. */
function rowsOf(file: PageFile): FileRow[] {
  const { url, hashes, coreMetadata, gpgSig } = file;
  const address = addressOf(file);
  const beside = (suffix: string, digest: Digest | null): FileRow => {
    const target = new URL(url);
    target.pathname += suffix;
    return { key: keyOrUrl(address + suffix), url: target.href, digest };
  };
  return [
    { key: keyOrUrl(address), url, digest: digestOf(hashes) },
    ...coreMetadata === null ? [] : [beside(".metadata", digestOf(coreMetadata))],
    ...gpgSig === true ? [beside(".asc", null)] : [],
  ];
}

/** The key of a URL, or the URL itself where no client can request it. */
export function keyOrUrl(url: string): string {
  try {
    return fileKeyOf(url);
  } catch {
    return url;
  }
}
