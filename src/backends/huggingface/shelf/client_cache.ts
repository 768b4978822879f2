import { gitBlobDigest } from "../../../digest.ts";
import type { SourceFile, SourceTree } from "../../../shelf.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import { readSmall } from "../../shared/shelves/read_small.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import type { Repo } from "../repo.ts";
import { isCommit } from "../request.ts";

/** A repository in the cache of a client, such as `models--openai-community--gpt2`. */
export interface CachedRepo {
  readonly repo: Repo;
  readonly folder: string;
}

const folderName = /^([a-z]+)--([\w.-]+)$/;
/** The Hub stores no larger files in git itself. */
const mostGitBytes = 10 * 1024 * 1024;

/**
 * The cache that `huggingface_hub` keeps (`HF_HUB_CACHE`): for each repository the commits of its branches, a snapshot of
 * each commit, and the files that snapshots link to, under the names that the Hub calls them by.
 */
export class ClientCache {
  readonly repos: readonly CachedRepo[];
  readonly #tree: SourceTree;

  private constructor(tree: SourceTree, repos: readonly CachedRepo[]) {
    this.#tree = tree;
    this.repos = repos;
  }

  /** Opens the folder of one repository, of all, or the one that has `hub` in it; null for any other source. */
  static async open(tree: SourceTree): Promise<ClientCache | null> {
    const own = repoOf(tree.name.split("/").filter((name) => name !== "").at(-1) ?? "");
    if (own !== null && await hasSnapshots(tree, "")) return new ClientCache(tree, [{ repo: own, folder: "" }]);
    for (const root of ["", "hub"]) {
      const repos: CachedRepo[] = [];
      for (const { name, isFolder } of await tree.list(root)) {
        const repo = isFolder ? repoOf(name) : null;
        const folder = root === "" ? name : `${root}/${name}`;
        if (repo !== null && await hasSnapshots(tree, folder)) repos.push({ repo, folder });
      }
      if (repos.length > 0) return new ClientCache(tree, repos);
    }
    return null;
  }

  /** Yields the branches of a repository that were downloaded, with their commits. */
  async *branches({ folder }: CachedRepo): AsyncGenerator<{ readonly branch: string; readonly commit: string }> {
    const root = below(folder, "refs");
    for await (const path of walkFiles(this.#tree, root)) {
      const text = await readSmall(this.#tree, path, 100).catch(() => null);
      const commit = text === null ? "" : new TextDecoder().decode(text).trim();
      if (isCommit(commit)) yield { branch: path.slice(root.length + 1), commit };
    }
  }

  async commits({ folder }: CachedRepo): Promise<string[]> {
    const items = await this.#tree.list(below(folder, "snapshots"));
    return items.filter(({ name, isFolder }) => isFolder && isCommit(name)).map(({ name }) => name);
  }

  /** Yields the paths of a commit's files. */
  async *paths({ folder }: CachedRepo, commit: string): AsyncGenerator<string> {
    const root = below(folder, `snapshots/${commit}`);
    for await (const path of walkFiles(this.#tree, root)) yield path.slice(root.length + 1);
  }

  find({ folder }: CachedRepo, commit: string, path: string): Promise<SourceFile | null> {
    return this.#tree.find(below(folder, `snapshots/${commit}/${path}`));
  }

  /**
   * The name by which the Hub knows a file: git's, or the SHA-256 of a large one. Which one it is shows in the file that
   * the snapshot links to; where that is not there, it is the SHA-256.
   */
  async etagOf({ folder }: CachedRepo, file: SourceFile): Promise<string> {
    if (file.sizeBytes <= mostGitBytes) {
      const { algorithm } = gitBlobDigest("0".repeat(40), file.sizeBytes)!;
      const hex = await digestOf(file, algorithm);
      if (await this.#tree.find(below(folder, `blobs/${hex}`)) !== null) return `"${hex}"`;
    }
    return `"${await digestOf(file)}"`;
  }
}

function repoOf(name: string): Repo | null {
  const [, type, rest] = folderName.exec(name) ?? [];
  return type === undefined || rest === undefined ? null : { type, name: rest.split("--").join("/") };
}

async function hasSnapshots(tree: SourceTree, folder: string): Promise<boolean> {
  return (await tree.list(below(folder, "snapshots"))).some(({ name, isFolder }) => isFolder && isCommit(name));
}

function below(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}
