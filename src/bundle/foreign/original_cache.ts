import { walkFiles } from "../../backends/shared/shelves/walk_files.ts";
import type { BackendConfig } from "../../config/schema.ts";
import type { SourceTree } from "../../shelf.ts";
import { bodySuffix, CacheFolder, noteSuffixes } from "./cache_folder.ts";

/** Something of a source that nothing is done with; the reason is a sentence without a full stop. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** A folder of a cache directory, and the backend that it is for. */
export interface ClaimedFolder {
  readonly backend: BackendConfig;
  readonly folder: CacheFolder;
}

/** Other things show among the first files of a folder. */
const mostLookedAt = 100;

/**
 * Says whether a source is a cache directory of the original Artifact Vault, in Python: bodies are `PATH.binary` there,
 * with their media type beside them (`cache.py`). This vault's own files may be in the same directory.
 */
export async function isOriginalCache(tree: SourceTree): Promise<boolean> {
  const items = await tree.list("");
  const names = new Set(items.map(({ name }) => name));
  const hasNote = (name: string) => noteSuffixes.some((suffix) => names.has(name.replaceAll(bodySuffix, suffix)));
  if (items.some(({ name, isFolder }) => !isFolder && name.endsWith(bodySuffix) && hasNote(name))) return true;
  for (const { name, isFolder } of items) if (isFolder && await hasBodies(tree, name)) return true;
  return false;
}

/**
 * Says whether a folder has bodies: one with its media type beside it shows that. The older form notes none for some
 * protocols, and then there is nothing but bodies.
 */
async function hasBodies(tree: SourceTree, folder: string): Promise<boolean> {
  const seen = { bodies: 0, notes: 0, others: 0 };
  for await (const path of walkFiles(tree, folder)) {
    if (path.endsWith(bodySuffix)) {
      for (const suffix of noteSuffixes) {
        if (await tree.find(path.replaceAll(bodySuffix, suffix)) !== null) return true;
      }
      seen.bodies += 1;
    } else seen[isNote(path) ? "notes" : "others"] += 1;
    if (seen.bodies + seen.notes + seen.others >= mostLookedAt) break;
  }
  return seen.bodies > 0 && seen.others === 0;
}

function isNote(path: string): boolean {
  return noteSuffixes.some((suffix) => path.endsWith(suffix));
}

/**
 * Finds which folders are for which backends. A folder is called as the prefix that its backend had, and is for the
 * backend with the same prefix, or for the one that the user names. Folders for none are left out.
 */
export async function claimFolders(
  tree: SourceTree,
  backends: readonly BackendConfig[],
  renamed: ReadonlyMap<string, string>,
): Promise<{ readonly claimed: ClaimedFolder[]; readonly leftOut: LeftOut[] }> {
  const claims = new Map(backends.map((backend) => [plain(backend.config.prefix), backend]));
  for (const [folder, name] of renamed) {
    const backend = backends.find((one) => one.name === name);
    if (backend !== undefined) claims.set(plain(folder), backend);
  }
  const root = await rootOf(tree, claims);
  const at = (below: string) => [root, below].filter((part) => part !== "").join("/");
  const claimed: ClaimedFolder[] = [];
  for (const [below, backend] of claims) {
    const others = [...claims.keys()].filter((other) => other !== below).map(at);
    const folder = new CacheFolder(tree, { path: at(below), below, others });
    if (!(await walkFiles(folder).next()).done) claimed.push({ backend, folder });
  }
  const known = backends.map(({ name }) => name).join(", ");
  const leftOut = (await Array.fromAsync(unclaimed(tree, root, claims))).map((below) => {
    const named = renamed.get(below || "/");
    const why = named === undefined ? `no backend has the prefix "/${below}"` : `no backend is called "${named}"`;
    return {
      name: below || "/",
      reason: `${why}; say with --map ${below || "/"}=BACKEND which one is meant (${known})`,
    };
  });
  return { claimed, leftOut };
}

type Claims = ReadonlyMap<string, BackendConfig>;

/** Archives often have the cache directory itself in them, with the folders of backends below it. */
async function rootOf(tree: SourceTree, claims: Claims): Promise<string> {
  const [only, ...others] = await tree.list("");
  const named = [...claims.keys()].filter((below) => below !== "");
  const isThere = async (folder: string) => (await tree.list(folder)).length > 0;
  if (!only?.isFolder || others.length > 0) return "";
  for (const below of named) if (await isThere(below)) return "";
  for (const below of named) if (await isThere(`${only.name}/${below}`)) return only.name;
  return "";
}

/** Yields the folders that are in no folder of a backend, as far up as possible. */
async function* unclaimed(tree: SourceTree, root: string, claims: Claims, below = ""): AsyncGenerator<string> {
  if (claims.has(below)) return;
  const at = [root, below].filter((part) => part !== "").join("/");
  const items = await tree.list(at);
  const leadsToClaim = below === "" || [...claims.keys()].some((claim) => claim.startsWith(`${below}/`));
  const hasOwn = items.some(({ name, isFolder }) => !isFolder && name.endsWith(bodySuffix));
  if (hasOwn || !leadsToClaim && await hasBodies(tree, at)) yield below;
  if (!leadsToClaim) return;
  for (const { name, isFolder } of items) {
    if (isFolder) yield* unclaimed(tree, root, claims, below === "" ? name : `${below}/${name}`);
  }
}

function plain(prefix: string): string {
  return prefix.replace(/^\/+|\/+$/g, "");
}
