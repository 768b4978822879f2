import type { Artifact } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { headerOf } from "../../http/headers.ts";
import type { JsonObject } from "../../http/json.ts";
import { nextTargets } from "../../http/links.ts";
import type { VaultReader } from "../../reader.ts";
import type { Caller } from "./caller.ts";
import { commitParser, treeParser } from "./documents.ts";
import { apiPathOfRepo, encoded, type Repo } from "./repo.ts";
import { isCommit } from "./request.ts";
import { toldLinks } from "./told_document.ts";
import type { HubUpstream } from "./upstream.ts";

/** More entries than this are not looked through for one answer: that would take the thread for too long. */
const mostEntries = 2000;

export interface RevisionsOptions {
  readonly upstream: HubUpstream;
  /** How long a branch counts as unchanged. */
  readonly ttlMs: number;
}

/** A document about a revision of a repository. */
export interface RevisionDocument {
  readonly what: "revision" | "tree";
  readonly repo: Repo;
  readonly revision: string;
  /** The path of a folder, percent-decoded; empty for the root. */
  readonly rest: string;
  readonly query: string;
}

/** The commits that branches are at, and what is at commits. */
export class Revisions {
  readonly #options: RevisionsOptions;

  constructor(options: RevisionsOptions) {
    this.#options = options;
  }

  /** Finds the commit of a branch, a tag or a commit's name. Rejects with the Hub's own error where there is none. */
  async commitOf(repo: Repo, revision: string, { caller, vault }: Asking): Promise<string> {
    if (isCommit(revision)) return revision;
    const artifact = this.document({ what: "revision", repo, revision, rest: "", query: "" }, caller);
    return (await vault.read(artifact, commitParser)).value;
  }

  /** A document of the API; what is at a commit never changes. */
  document({ what, repo, revision, rest, query }: RevisionDocument, caller: Caller): Artifact {
    const { upstream, ttlMs } = this.#options;
    const folder = rest === "" ? "" : `/${encoded(rest)}`;
    return upstream.document({
      target: `${apiPathOfRepo(repo)}/${what}/${encodeURIComponent(revision)}${folder}${canonicalQuery(query)}`,
      caller,
      ...isCommit(revision)
        ? { freshness: { kind: "immutable" }, isAtCommit: true }
        : { freshness: { kind: "ttl", ttlMs } },
    });
  }

  /** The whole tree of a commit, as the Hub lists it; null where not all of it is stored, or it is very large. */
  async storedTree(place: TreePlace, asking: Asking): Promise<readonly JsonObject[] | null> {
    const entries: JsonObject[] = [];
    for await (const page of this.pages(place, asking, true)) {
      if (page === null) return null;
      entries.push(...page.entries);
      if (entries.length > mostEntries) return null;
    }
    return entries;
  }

  /**
   * Fetches the tree of a commit, unless that was begun before, or it is very large; nobody waits for it. Clients look
   * for many files that a commit may have. Its tree tells about all of them, where all clients may see it.
   */
  readTreeAside(place: TreePlace, asking: Asking): void {
    if (asking.caller.id === "") this.#readTree(place, asking).catch(() => {});
  }

  async #readTree(place: TreePlace, asking: Asking): Promise<void> {
    const { value: first } = await this.pages(place, asking, true).next();
    let count = 0;
    if (first !== null) return;
    for await (const page of this.pages(place, asking, false)) {
      count += page?.entries.length ?? 0;
      if (count > mostEntries) return;
    }
  }

  /**
   * Yields the pages of the tree of a commit: those that are stored where `isStored` is set, and null in place of the
   * first that is not. Throws `upstream_failed` where a page leads back to an earlier one.
   */
  async *pages({ repo, commit }: TreePlace, { caller, vault }: Asking, isStored: boolean) {
    const { baseUrl: upstream } = this.#options.upstream;
    const seen = new Set<string>();
    for (let query: string | null = "?recursive=true"; query !== null;) {
      if (seen.has(query)) throw new VaultError("upstream_failed", `The pages of the tree of ${commit} go in a circle`);
      seen.add(query);
      const artifact = this.document({ what: "tree", repo, revision: commit, rest: "", query }, caller);
      if (isStored && !vault.holds(artifact)) {
        yield null;
        return;
      }
      const { value, headers } = await vault.read(artifact, treeParser);
      yield value;
      const link = toldLinks(headerOf(headers, "link") ?? "", { upstream, base: "", hidesXet: false });
      const [next]: string[] = nextTargets(link);
      query = next === undefined ? null : canonicalQuery(URL.parse(next, upstream)?.search ?? "");
    }
  }
}

/** Returns the entries of a folder in those of a whole tree: of all that is in it, or of what is directly in it. */
export function entriesBelow(all: readonly JsonObject[], folder: string, isRecursive: boolean): readonly JsonObject[] {
  const below = folder === "" ? "" : `${folder}/`;
  return all.filter(({ path }) => {
    if (typeof path !== "string" || !path.startsWith(below)) return false;
    return isRecursive || !path.slice(below.length).includes("/");
  });
}

/** A commit of a repository. */
export interface TreePlace {
  readonly repo: Repo;
  readonly commit: string;
}

/** On whose behalf something is asked, and by what. */
export interface Asking {
  readonly caller: Caller;
  readonly vault: VaultReader;
}

/** The query of a document in the one form that keys have: sorted, and without what is the same as nothing. */
export function canonicalQuery(query: string): string {
  const all = [...new URLSearchParams(query)].map(([name, value]): [string, string] => [
    name,
    /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value,
  ]);
  const said = all.filter(([name, value]) => !((name === "expand" || name === "recursive") && value === "false"));
  const sorted = said.toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return sorted.length === 0 ? "" : `?${new URLSearchParams(sorted)}`;
}
