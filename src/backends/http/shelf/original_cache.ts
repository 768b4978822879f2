import type { CachedFolder, Shelf, ShelfItem, ShelfTarget } from "../../../shelf.ts";
import { respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";

/** So many files are requested before all have to be answered: each takes memory until then. */
const mostOffered = 256;

/** A web server with the files that the original Artifact Vault has cached of it. Nothing says their digests. */
export class OriginalFilesShelf implements Shelf {
  readonly description = "files of a web server";
  readonly #folder: CachedFolder;
  readonly #bases: readonly string[];
  /** The paths in the folder of those that are requested now, by path and query below the base URL. */
  readonly #offered = new Map<string, string>();

  constructor(folder: CachedFolder, bases: readonly string[]) {
    this.#folder = folder;
    this.#bases = bases.map((base) => new URL(base).href.replace(/\/+$/, ""));
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const base = this.#bases.find((base) => request.url.startsWith(`${base}/`));
    const path = base === undefined ? undefined : this.#offered.get(request.url.slice(base.length));
    const file = path === undefined ? null : await this.#folder.find(path);
    if (file === null) throw lacking(request);
    const type = await this.#folder.contentTypeOf(file.path) ?? "application/octet-stream";
    return respondWithFile(request, file, { "content-type": type });
  };

  async *items({ backends, askCached }: ShelfTarget): AsyncGenerator<ShelfItem> {
    const { prefix } = backends[0]!;
    for await (const path of walkFiles(this.#folder)) {
      const file = await this.#folder.find(path);
      const below = file && belowOrigin(file.path);
      if (file === null || below === null) continue;
      const request = { path: (prefix === "/" ? "" : prefix) + below };
      const name = `${this.#folder.name}/${file.path}`;
      const cached = await askCached(request);
      await cached.body?.cancel();
      if (cached.ok) {
        yield { kind: "cached", name };
        continue;
      }
      this.#offered.set(below, path);
      yield { kind: "request", name, sizeBytes: file.sizeBytes, file: file.path, request, isUnverified: true };
      if (this.#offered.size < mostOffered) continue;
      yield { kind: "wait" };
      this.#offered.clear();
    }
    yield { kind: "wait" };
    this.#offered.clear();
  }
}

/** Returns a path with its query as it stands in a URL; null for what no request could have been. */
function belowOrigin(path: string): string | null {
  const url = URL.parse(`http://localhost/${path.replaceAll("#", "%23")}`);
  return url && url.pathname + url.search;
}
