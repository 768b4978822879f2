import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../../http/json.ts";
import { digestOfEtag, type FileMetadata, parseMetadata } from "./file_metadata.ts";

/** The largest document of the API that is looked into. */
const maxBytes = 64 * 1024 * 1024;

/** A longer document is not parsed as a whole, where it need not be. */
const parsedAtOnceBytes = 256 * 1024;

/** The metadata of a file. */
export const metadataParser: Parser<FileMetadata> = {
  name: "metadata of a file",
  maxBytes: 64 * 1024,
  async parse(body) {
    const metadata = parseMetadata(await body.bytes());
    if (metadata === null) throw new VaultError("upstream_failed", `"${body.url}" says nothing of a file`);
    return metadata;
  },
  sizeOf: () => 500,
};

/** The commit that a document about a repository is of. */
export const commitParser: Parser<string> = {
  name: "commit of a revision",
  maxBytes,
  async parse(body) {
    const bytes = await body.bytes();
    const sha = shaBefore(bytes) ?? objectOf(bytes, body.url).sha;
    if (typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha)) return sha;
    throw new VaultError("upstream_failed", `"${body.url}" names no commit`);
  },
  sizeOf: () => 100,
};

/** A page of a tree. */
export interface TreePage {
  /** As the Hub lists them. */
  readonly entries: readonly JsonObject[];
  /** Its files, by their paths. */
  readonly files: ReadonlyMap<string, FileMetadata>;
}

export const treeParser: Parser<TreePage> = {
  name: "page of a tree",
  maxBytes,
  async parse(body) {
    const list = jsonOrNull(new TextDecoder().decode(await body.bytes()));
    if (!Array.isArray(list)) throw new VaultError("upstream_failed", `"${body.url}" is no list of files`);
    const entries = list.filter(isJsonObject);
    return { entries, files: new Map(entries.flatMap((entry) => fileOf(entry) ?? [])) };
  },
  sizeOf: ({ entries }) => entries.length * 1200 + 100,
};

/** The path and the metadata of an entry; null for one that is no file. */
function fileOf({ type, path, size, oid, lfs, xetHash }: JsonObject): [[string, FileMetadata]] | null {
  if (type !== "file" || typeof path !== "string" || typeof size !== "number" || !isPath(path)) return null;
  const hex = isJsonObject(lfs) ? lfs.oid : oid;
  const etag = typeof hex === "string" ? `"${hex}"` : null;
  if (digestOfEtag(etag, size) === null) return null;
  const hash = typeof xetHash === "string" && /^[0-9a-f]{64}$/.test(xetHash) ? xetHash : null;
  return [[path, { sizeBytes: size, etag, xetHash: hash, headers: [] }]];
}

/** True for a path that a URL can have as it is. */
function isPath(path: string): boolean {
  return path.isWellFormed() && !path.split("/").some((segment) => segment === "." || segment === "..");
}

/** The list of files may be so long that to parse it takes a while: the commit stands before it. Null where it does not. */
function shaBefore(bytes: Uint8Array): string | null {
  if (bytes.byteLength <= parsedAtOnceBytes) return null;
  const beginning = new TextDecoder().decode(bytes.subarray(0, parsedAtOnceBytes)).split('"siblings"', 1)[0]!;
  return /^\{(?:[^{}]*,)?\s*"sha"\s*:\s*"([0-9a-f]{40})"/.exec(beginning)?.[1] ?? null;
}

function objectOf(bytes: Uint8Array, url: string): JsonObject {
  const value = jsonOrNull(new TextDecoder().decode(bytes));
  if (isJsonObject(value)) return value;
  throw new VaultError("upstream_failed", `"${url}" is no JSON object`);
}
