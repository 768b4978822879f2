import { VaultError } from "../../errors.ts";
import { asJsonObject, isJsonObject, parseJsonObject } from "../../http/json.ts";
import { type FileColumns, type FileRow, packFiles } from "../shared/listings/file_table.ts";

/** Parses the list of a version's files. Throws `upstream_failed` for anything else. */
export function parseManifest(bytes: Uint8Array): FileColumns {
  const manifest = parseJsonObject(bytes)?.manifest;
  if (!isJsonObject(manifest)) {
    throw new VaultError("upstream_failed", "Upstream has sent no list of a version's files");
  }
  const rows = Object.entries(manifest).flatMap(([file, value]): FileRow[] => {
    // No path has such a name.
    if (!file.isWellFormed()) return [];
    const [, hex] = /^sha256-([0-9a-f]{64})$/.exec(String(asJsonObject(value).checksum)) ?? [];
    // In the table there is no place for other characters.
    const key = encodeURI(file);
    return [{ key, url: key, digest: hex === undefined ? null : { algorithm: "sha256", hex } }];
  });
  return packFiles(rows);
}

/** Throws `upstream_failed` for what is no JSON object. */
export function checkVersions(bytes: Uint8Array): null {
  if (parseJsonObject(bytes) === null) throw new VaultError("upstream_failed", "Upstream has sent no list of versions");
  return null;
}
