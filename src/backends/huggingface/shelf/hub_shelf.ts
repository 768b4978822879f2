import type { Shelf, ShelfBackend, ShelfItem, ShelfTarget, SourceTree } from "../../../shelf.ts";
import { decodedPath } from "../../../http/path.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { joined } from "../../shared/served_path.ts";
import { apiPathOfRepo, encoded, nameOfRepo, pathOfRepo } from "../repo.ts";
import { type CachedRepo, ClientCache } from "./client_cache.ts";

/** The name that such a cache has for the user who says which backend is meant. */
const ownName = "hub";

/** Opens the cache of a client as the Hub; null for any other source. */
export async function openHubShelf(tree: SourceTree): Promise<Shelf | null> {
  const cache = await ClientCache.open(tree);
  return cache && new HubShelf(cache);
}

/** The Hub, as far as a client has downloaded it. */
class HubShelf implements Shelf {
  readonly description = "a cache of huggingface_hub";
  readonly #cache: ClientCache;

  constructor(cache: ClientCache) {
    this.#cache = cache;
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const { pathname } = new URL(request.url);
    return await this.#file(request, pathname) ?? await this.#branch(request, pathname) ?? fail(lacking(request));
  };

  async *items(target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const backend = backendFor(target);
    if (typeof backend === "string") return yield { kind: "left_out", name: ownName, reason: backend };
    for (const one of this.#cache.repos) yield* this.#repo(one, backend, target);
  }

  /** The files of all commits, and then which of them branches are at. */
  async *#repo(one: CachedRepo, { prefix }: ShelfBackend, { askCached }: ShelfTarget): AsyncGenerator<ShelfItem> {
    const { repo } = one;
    const name = nameOfRepo(repo);
    for (const commit of await this.#cache.commits(one)) {
      for await (const path of this.#cache.paths(one, commit)) {
        const file = await this.#cache.find(one, commit, path);
        if (file === null) continue;
        const request = { path: joined(prefix, `${pathOfRepo(repo)}/resolve/${commit}/${encoded(path)}`) };
        yield { kind: "request", name: `${name}@${commit.slice(0, 8)} ${path}`, sizeBytes: file.sizeBytes, request };
      }
    }
    yield { kind: "wait" };
    for await (const { branch } of this.#cache.branches(one)) {
      const request = { path: joined(prefix, `${apiPathOfRepo(repo)}/revision/${encodeURIComponent(branch)}`) };
      const cached = await askCached(request);
      await cached.body?.cancel();
      const shown = `the commit of ${name}@${branch}`;
      if (cached.ok) yield { kind: "kept", name: shown, reason: "the cache has what the Hub itself has said" };
      else yield { kind: "request", name: shown, sizeBytes: 0, request, isUnverified: true };
    }
  }

  async #file(request: Request, pathname: string): Promise<Response | null> {
    const [, before = "", commit = "", path = ""] = /^(.*)\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(pathname) ?? [];
    const one = this.#cache.repos.find(({ repo }) => before.endsWith(pathOfRepo(repo)));
    const file = one && await this.#cache.find(one, commit, decodedPath(path));
    if (!one || !file) return null;
    const etag = await this.#cache.etagOf(one, file);
    const size = { "x-linked-size": String(file.sizeBytes) };
    return respondWithFile(request, file, { etag, "x-linked-etag": etag, "x-repo-commit": commit, ...size });
  }

  async #branch(request: Request, pathname: string): Promise<Response | null> {
    const [, before = "", branch = ""] = /^(.*)\/revision\/([^/]+)$/.exec(pathname) ?? [];
    const one = this.#cache.repos.find(({ repo }) => before.endsWith(apiPathOfRepo(repo)));
    if (one === undefined) return null;
    for await (const found of this.#cache.branches(one)) {
      if (found.branch !== decodeURIComponent(branch)) continue;
      const paths = await Array.fromAsync(this.#cache.paths(one, found.commit));
      const siblings = paths.map((rfilename) => ({ rfilename }));
      const text = JSON.stringify({ id: one.repo.name, sha: found.commit, siblings });
      return respondWithBytes(request, new TextEncoder().encode(text), { "content-type": "application/json" });
    }
    return null;
  }
}

function fail(error: Error): never {
  throw error;
}

/** The backend that is meant, or the reason why there is none. */
function backendFor({ backends, renamed }: ShelfTarget): ShelfBackend | string {
  const name = renamed.get(ownName);
  const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
  if (backend !== undefined) return backend;
  if (name !== undefined) return `no backend for the Hugging Face Hub is called "${name}"`;
  return "no backend serves the Hugging Face Hub. This would serve it:\n  backends:\n  - type: huggingface\n    name: huggingface";
}
