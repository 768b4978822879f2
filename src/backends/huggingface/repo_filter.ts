import { VaultError } from "../../errors.ts";
import { compileRules } from "../../glob/compile.ts";
import { nameOfRepo, type Repo } from "./repo.ts";

export interface RepoFilterOptions {
  /** Globs, in lower case, of the only repositories that are served; all when absent. */
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  /** The only types; all when absent. */
  readonly types?: readonly string[] | undefined;
}

/** Decides which repositories are served. */
export class RepoFilter {
  readonly #isAllowed: (name: string) => boolean;
  readonly #isDenied: (name: string) => boolean;
  readonly #types: readonly string[] | undefined;

  constructor({ allow, deny, types }: RepoFilterOptions) {
    this.#isAllowed = allow === undefined ? () => true : compileRules(allow);
    this.#isDenied = deny === undefined ? () => false : compileRules(deny);
    this.#types = types;
  }

  /**
   * Throws `denied` for what is about a repository that is not served, whether or not there is one. Where several may be
   * meant, none of them may be denied, and one has to be allowed; what is about none is served.
   */
  require(repos: readonly Repo[]): void {
    if (repos.length === 0) return;
    const [{ type }] = repos as [Repo];
    if (this.#types !== undefined && !this.#types.includes(type)) {
      throw new VaultError("denied", `This vault does not serve ${type} (repo_types)`);
    }
    // The Hub takes names in any case, and redirects; `.git` is for git.
    const names = repos.map((repo) => nameOfRepo(repo).toLowerCase().replace(/\.git$/, ""));
    if (names.some(this.#isAllowed) && !names.some(this.#isDenied)) return;
    throw new VaultError("denied", `This vault does not serve "${names[0]}" (allow, deny)`);
  }
}
