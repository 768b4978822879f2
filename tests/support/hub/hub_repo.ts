import { createHash } from "node:crypto";
import { HubFile, type HubFileOptions } from "./hub_file.ts";

/** Who may read a repository: all, all who know of it and have asked for access, or its members. */
export type Visibility = "public" | "gated" | "private";

/** A repository: commits, each with all its files, and branches that name commits. */
export class HubRepo {
  readonly #commits = new Map<string, ReadonlyMap<string, HubFile>>();
  readonly #branches = new Map<string, string>();
  visibility: Visibility = "public";
  /** The tokens that may read what is not public. */
  readonly readers = new Set<string>();

  /** `type` is the word in paths: `models`, `datasets`, `spaces`, … */
  constructor(readonly type: string, readonly name: string) {}

  /** The path of its pages: those of models have no type before them. */
  get path(): string {
    return this.type === "models" ? `/${this.name}` : `/${this.type}/${this.name}`;
  }

  /** Adds a commit with these files, and those of the branch that it does not name; returns its name. */
  commit(files: Readonly<Record<string, HubFileOptions>>, branch = "main"): string {
    const before = this.#commits.get(this.#branches.get(branch) ?? "") ?? new Map<string, HubFile>();
    const added = Object.entries(files).map(([path, options]) => [path, new HubFile(options)] as const);
    const commit = createHash("sha1").update(`${this.path} ${this.#commits.size} ${branch}`).digest("hex");
    this.#commits.set(commit, new Map([...before, ...added].toSorted(([a], [b]) => a < b ? -1 : 1)));
    this.#branches.set(branch, commit);
    return commit;
  }

  get branches(): ReadonlyMap<string, string> {
    return this.#branches;
  }

  /** The commit that a branch, a commit or the beginning of one names; null for none. */
  find(revision: string): string | null {
    const named = this.#branches.get(revision);
    if (named !== undefined) return named;
    if (!/^[0-9a-f]{7,40}$/.test(revision)) return null;
    return [...this.#commits.keys()].find((commit) => commit.startsWith(revision)) ?? null;
  }

  files(commit: string): ReadonlyMap<string, HubFile> {
    return this.#commits.get(commit) ?? new Map();
  }

  /** Any file that has this hash, of any commit. */
  withXetHash(hash: string): HubFile | null {
    return this.#allFiles().find((file) => file.xetHash === hash) ?? null;
  }

  withSha256(sha256: string): HubFile | null {
    return this.#allFiles().find((file) => file.storage !== "git" && file.sha256 === sha256) ?? null;
  }

  #allFiles(): HubFile[] {
    return [...this.#commits.values()].flatMap((files) => [...files.values()]);
  }
}
