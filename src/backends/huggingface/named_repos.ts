import { isTypeWord, type Repo, repoNamed } from "./repo.ts";

/** Parts of the API with names behind them that are no repository's. */
const accountWords: ReadonlySet<string> = new Set([
  ...["collections", "discussions", "jobs", "organizations", "papers", "posts", "resource-groups", "scim", "settings"],
  "users",
]);

/** Parts of the API that a repository has. */
const partWords: ReadonlySet<string> = new Set([
  ...["auth-check", "branch", "commits", "compare", "croissant", "discussions", "leaderboard", "lfs-files", "likers"],
  ...["parquet", "paths-info", "refs", "resolve", "revision", "scan", "settings", "tag", "tree", "treesize"],
  ...["xet-read-token"],
]);

/** Words that stand before the owner of a model. */
const modelWords: ReadonlySet<string> = new Set(["models", "v2"]);

/**
 * Every repository that a path below `/api` may be about, by its decoded segments: what follows an owner may be a name,
 * or the part itself.
 */
export function reposOfApi(segments: readonly string[]): Repo[] {
  const [type = "", ...names] = wordsOf(segments);
  // Where the Hub redirects to for small files.
  if (type.toLowerCase() === "resolve-cache") return reposOfApi(names);
  if (accountWords.has(type.toLowerCase())) return [];
  const [first, second] = names;
  if (first === undefined) return [];
  const mayBe = second === undefined ? [first] : [`${first}/${second}`, ...partWords.has(second) ? [first] : []];
  return mayBe.flatMap((name) => repoNamed(type, name) ?? []);
}

/** Every repository that a page may be about, by the first of its decoded segments. */
export function reposOfPage(segments: readonly string[]): Repo[] {
  const words = wordsOf(segments);
  const [first = "", ...rest] = words;
  const word = first.toLowerCase();
  if (word === "api") return reposOfApi(rest);
  const [type, names] = isTypeWord(word) ? [word, rest] : ["models", modelWords.has(word) ? rest : words];
  return [1, 2].flatMap((count) => repoNamed(type, names.slice(0, count).join("/")) ?? []);
}

/** An escaped slash is one at the Hub, and several may be one. */
function wordsOf(segments: readonly string[]): string[] {
  return segments.flatMap((segment) => segment.split("/")).filter((word) => word !== "");
}
