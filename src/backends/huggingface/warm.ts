import { VaultError } from "../../errors.ts";
import { compileGlobs } from "../../glob/compile.ts";
import { isJsonObject, jsonOrNull, parseJsonObject } from "../../http/json.ts";
import type { Expansion, PackageUrl, WarmLine, WarmRequest, WarmSource } from "../../warming.ts";
import { listedPages } from "../shared/listed_pages.ts";
import { joined, type Served, servedPath } from "../shared/served_path.ts";
import { apiPathOfRepo, encoded, pathOfRepo, type Repo } from "./repo.ts";

export interface WarmOptions {
  readonly backends: readonly { readonly name: string; readonly prefix: string }[];
  /** What URLs of the Hub are served as. */
  readonly served: readonly Served[];
}

/** A repository at a branch, a tag or a commit, and which of its files are meant. */
interface Wanted {
  readonly repo: Repo;
  readonly revision: string;
  isWanted(path: string): boolean;
}

/** Files of the Hub's repositories, by the names of these. */
export function createWarmSource({ backends, served }: WarmOptions): WarmSource {
  return {
    scheme: "hf",
    example: "hf:openai-community/gpt2@main include=*.safetensors,*.json",
    options: ["include", "exclude", "backend"],
    words: [],
    pathOf: (url) => servedPath(url, served),
    prefixes: backends.map(({ prefix }) => prefix),
    lineOf: ({ type, namespace, name, version }: PackageUrl) => {
      const owner = namespace === "" ? "" : `${namespace}/`;
      return type === "huggingface" ? `hf:${owner}${name}${version === "" ? "" : `@${version}`}` : null;
    },
    expand: (line, expansion) => expand(parseLine(line), { expansion, prefix: prefixOf(line.options.backend) }),
  };

  function prefixOf(name: string | undefined): string {
    const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
    if (backend !== undefined) return backend.prefix;
    const known = backends.map(({ name }) => name).join(", ");
    throw new VaultError(
      "config_invalid",
      `No backend for the Hugging Face Hub is called "${name}"; there are ${known}`,
    );
  }
}

/** `owner/name@revision`, with the type before it where it is no model: `dataset:owner/name`. */
function parseLine({ subject, options }: WarmLine): Wanted {
  const [, type = "model", name = "", revision = "main"] =
    /^(?:([a-z]+):)?([\w.-]+(?:\/[\w.-]+)?)(?:@(\S+))?$/.exec(subject) ?? [];
  if (name === "") {
    const message =
      `"${subject}" is no repository; write hf:owner/name, hf:owner/name@revision or hf:dataset:owner/name`;
    throw new VaultError("config_invalid", message);
  }
  const included = matcherOf(options.include) ?? (() => true);
  const excluded = matcherOf(options.exclude) ?? (() => false);
  return {
    repo: { type: `${type.replace(/s$/, "")}s`, name },
    revision,
    isWanted: (path) => included(path) && !excluded(path),
  };
}

/** Patterns with commas between them; one without a slash is for names in any folder. */
function matcherOf(patterns: string | undefined): ((path: string) => boolean) | null {
  if (patterns === undefined) return null;
  const all = patterns.split(",").filter((pattern) => pattern !== "");
  const [ofPaths, ofNames] = [true, false].map((has) => compileGlobs(all.filter((one) => one.includes("/") === has)));
  return (path) => ofPaths!(path) || ofNames!(path.slice(path.lastIndexOf("/") + 1));
}

interface Expanding {
  readonly expansion: Expansion;
  readonly prefix: string;
}

/** Yields the documents that clients read first, and then the files of the commit that a branch is at. */
async function* expand(wanted: Wanted, expanding: Expanding): AsyncGenerator<WarmRequest> {
  const { expansion, prefix } = expanding;
  const { repo, revision, isWanted } = wanted;
  const api = joined(prefix, apiPathOfRepo(repo));
  const about = await expansion.read({ path: `${api}/revision/${encodeURIComponent(revision)}`, label: repo.name });
  const commit = parseJsonObject(about.bytes)?.sha;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new VaultError("upstream_failed", `The Hub names no commit for "${revision}" of ${repo.name}`);
  }
  yield { path: `${api}/revision/${commit}`, label: `${repo.name} at ${commit.slice(0, 8)}` };
  let count = 0;
  for await (const { path, sizeBytes } of filesOf(`${api}/tree/${commit}?recursive=true`, expanding)) {
    if (!isWanted(path)) continue;
    count++;
    yield { path: joined(prefix, `${pathOfRepo(repo)}/resolve/${commit}/${encoded(path)}`), label: path, sizeBytes };
  }
  if (count === 0) throw new VaultError("not_found", `No file of ${repo.name} is wanted by this line`);
}

async function* filesOf(
  first: string,
  { expansion }: Expanding,
): AsyncGenerator<{ readonly path: string; readonly sizeBytes: number }> {
  for await (const { bytes } of listedPages({ path: first }, expansion)) {
    const list = jsonOrNull(new TextDecoder().decode(bytes));
    if (!Array.isArray(list)) throw new VaultError("upstream_failed", "The Hub lists no files");
    for (const entry of list.filter(isJsonObject)) {
      const { type, path, size } = entry;
      const isFile = type === "file" && typeof path === "string" && path.isWellFormed() && typeof size === "number";
      if (isFile) yield { path, sizeBytes: size };
    }
  }
}
