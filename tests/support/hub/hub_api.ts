import type { HubFile } from "./hub_file.ts";
import type { HubRepo } from "./hub_repo.ts";

export const leastTreePage = 1000;

/** An entry of a tree, as the API lists it. */
export function treeEntry(path: string, file: HubFile): Record<string, unknown> {
  const { oid, sizeBytes: size, sha256, xetHash, storage } = file;
  return {
    type: "file",
    oid,
    size,
    ...storage !== "git" && { lfs: { oid: sha256, size, pointerSize: 134 } },
    ...xetHash !== null && { xetHash },
    path,
  };
}

/** All entries below a folder of a commit, of files and, where `isRecursive` is not set, of the folders in it. */
export function treeEntries(files: ReadonlyMap<string, HubFile>, folder: string, isRecursive: boolean) {
  const below = folder === "" ? "" : `${folder}/`;
  const entries = new Map<string, Record<string, unknown>>();
  for (const [path, file] of files) {
    if (!path.startsWith(below)) continue;
    const rest = path.slice(below.length).split("/");
    const folders = rest.slice(0, -1).map((_, at) => below + rest.slice(0, at + 1).join("/"));
    for (const name of isRecursive ? folders : folders.slice(0, 1)) {
      entries.set(name, { type: "directory", oid: "0".repeat(40), size: 0, path: name });
    }
    if (isRecursive || rest.length === 1) entries.set(path, treeEntry(path, file));
  }
  return [...entries.values()];
}

/** The document about a repository at a commit. */
export function repoInfo(repo: HubRepo, commit: string): Record<string, unknown> {
  const [author] = repo.name.split("/");
  return {
    _id: "621ffdc036468d709f174328",
    id: repo.name,
    ...repo.type === "models" && { modelId: repo.name },
    author,
    sha: commit,
    lastModified: "2026-01-02T03:04:05.000Z",
    private: repo.visibility === "private",
    gated: repo.visibility === "gated" ? "auto" : false,
    disabled: false,
    tags: [],
    downloads: 7,
    likes: 3,
    createdAt: "2022-03-02T23:29:04.000Z",
    siblings: [...repo.files(commit).keys()].map((rfilename) => ({ rfilename })),
  };
}

/** The paths that a request for `paths-info` names, in either of its encodings. */
export async function pathsOf(request: Request): Promise<string[]> {
  const text = await request.text();
  if (request.headers.get("content-type")?.startsWith("application/json")) {
    const { paths } = JSON.parse(text);
    return typeof paths === "string" ? [paths] : paths;
  }
  return new URLSearchParams(text).getAll("paths");
}
