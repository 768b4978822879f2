import { asJsonObject, isJsonObject, type JsonObject } from "../../../http/json.ts";
import type { WheelhouseFile } from "./wheelhouse.ts";

/** Marks a page that was made of files: keys of `meta` with an underscore belong to whoever serves a page (PEP 691). */
const madeMark = "_made-of-files";

/** A file as a page in JSON lists it. */
export interface ListedFile {
  readonly filename: string;
  readonly url: string;
  readonly sha256: string | null;
  /** The SHA-256 of the metadata beside it; null where there is none, or it has no hash. */
  readonly metadataSha256: string | null;
  readonly entry: JsonObject;
}

/** Parses the files of a page in the form of PEP 691. */
export function filesOf({ files }: JsonObject): ListedFile[] {
  return (Array.isArray(files) ? files : []).filter(isJsonObject).flatMap((entry) => {
    const { filename, url, hashes } = entry;
    if (typeof filename !== "string" || typeof url !== "string") return [];
    const sha256 = textOf(asJsonObject(hashes).sha256);
    return [{ filename, url, sha256, metadataSha256: textOf(asJsonObject(entry["core-metadata"]).sha256), entry }];
  });
}

/** Says whether a page was made of files here, and not by an index. */
export function isMade({ meta }: JsonObject): boolean {
  return asJsonObject(meta)[madeMark] === true;
}

/**
 * Makes the page of a project (PEP 691, 658, 503) of files that lie beside it, and of those that an earlier page like it
 * lists.
 */
export function makePage(
  project: string,
  files: readonly WheelhouseFile[],
  earlier: readonly ListedFile[],
): Uint8Array<ArrayBuffer> {
  const names = new Set(files.map(({ filename }) => filename));
  const entries = [
    ...earlier.filter(({ filename }) => !names.has(filename)).map(({ filename, entry }) => ({
      ...entry,
      ...at(filename),
    })),
    ...files.map(entryOf),
  ];
  const page = {
    meta: { "api-version": "1.0", [madeMark]: true },
    name: project,
    files: entries.sort((a, b) => a.filename < b.filename ? -1 : 1),
  };
  return new TextEncoder().encode(JSON.stringify(page));
}

function entryOf({ filename, sha256, metadata }: WheelhouseFile) {
  const requiresPython = metadata && requiredPython(metadata.bytes);
  return {
    ...at(filename),
    hashes: { sha256 },
    ...metadata !== null && { "core-metadata": { sha256: metadata.sha256 } },
    ...requiresPython !== null && { "requires-python": requiresPython },
  };
}

function at(filename: string): { readonly filename: string; readonly url: string } {
  return { filename, url: encodeURIComponent(filename) };
}

/** Returns the `Requires-Python` of core metadata, which are headers as in mail; null where there is none. */
function requiredPython(metadata: Uint8Array): string | null {
  const [headers = ""] = new TextDecoder().decode(metadata).split(/\r?\n\r?\n/, 1);
  return /^requires-python:[ \t]*(.+?)[ \t]*$/im.exec(headers)?.[1] ?? null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
