import { VaultError } from "../../../errors.ts";
import { asJsonObject, type JsonObject, parseJsonObject } from "../../../http/json.ts";
import type { Shelf, ShelfBackend, ShelfItem, ShelfTarget, SourceTree } from "../../../shelf.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";
import { joined } from "../../shared/served_path.ts";
import { fileNameOf, tarballName } from "../names.ts";
import { maxPackumentBytes } from "../tasks.ts";
import { scanPackument } from "../packument.ts";
import { writePackument } from "../write_packument.ts";
import { Cacache, type CachedAnswer, type CachedPackage, type PackageCache } from "./cacache.ts";

/** The name that the cache has for the user who says which backend is meant. */
const ownName = "npm-cache";

/** Opens the cache of npm as a registry; null for any other source. */
export async function openCacacheShelf(tree: SourceTree): Promise<Shelf | null> {
  const cache = await Cacache.open(tree);
  return cache && new PackageShelf(cache);
}

/** A document that is imported now. */
interface Offered {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A registry in front of what something has cached. Documents that the vault has already stay as they are. */
export class PackageShelf implements Shelf {
  readonly description: string;
  readonly #cache: PackageCache;
  #offered: Offered | null = null;

  constructor(cache: PackageCache) {
    this.description = cache.description;
    this.#cache = cache;
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const [, name, filename] = /\/((?:@[^/]+\/)?[^/]+)\/-\/([^/]+)$/.exec(path) ?? [];
    if (name === undefined) {
      const offered = this.#offered;
      if (offered === null || !path.endsWith(`/${offered.name}`)) throw lacking(request);
      return respondWithBytes(request, offered.bytes, { "content-type": "application/json" });
    }
    const answer = this.#cache.packages.get(name)?.tarballs.get(filename!);
    const file = answer && await this.#cache.find(answer);
    if (!file) throw lacking(request);
    return respondWithFile(request, file, { "content-type": "application/octet-stream" });
  };

  async *items(target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const backend = backendFor(target);
    if (typeof backend === "string") return yield { kind: "left_out", name: ownName, reason: backend };
    for (const one of this.#cache.packages.values()) yield* this.#package(one, backend, target);
  }

  async *#package(one: CachedPackage, backend: ShelfBackend, target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const { name, tarballs } = one;
    const { prefix } = backend;
    const cached = await readDocument(target.askCached({ path: joined(prefix, `/${name}`) }));
    const own = cached === null ? await this.#documentOf(one, backend) : null;
    const document = cached ?? (own && parseJsonObject(own.bytes)) ?? {};
    if (own !== null) {
      this.#offered = own;
      // It makes the vault read the document, and makes nothing large of it.
      const request = { path: joined(prefix, `/-/package/${name}/dist-tags`) };
      const { bytes: { byteLength: sizeBytes } } = own;
      yield {
        kind: "request",
        name: `the document about ${name}`,
        sizeBytes,
        request,
        needs: name,
        isUnverified: true,
      };
      yield { kind: "wait" };
    }
    const listed = integritiesOf(document);
    for (const [filename, answer] of tarballs) {
      const stored = await this.#cache.find(answer);
      if (stored === null) continue;
      const reason = objection(name, listed.get(filename), answer);
      const request = { path: joined(prefix, `/${name}/-/${filename}`) };
      yield reason === null
        ? { kind: "request", name: filename, sizeBytes: stored.sizeBytes, request, needs: name }
        : { kind: "left_out", name: filename, reason };
    }
    yield { kind: "wait" };
    this.#offered = null;
  }

  /**
   * The document of the source, with links to the backend's registry: those of the source may lead to a vault that was
   * before it. Null where there is none that can be used.
   */
  async #documentOf({ name, document }: CachedPackage, { urls }: ShelfBackend): Promise<Offered | null> {
    const file = document && await this.#cache.find(document);
    const [base] = urls;
    if (!file || base === undefined) return null;
    try {
      const packument = scanPackument(await readWhole(file, maxPackumentBytes), { name, wantsMembers: false });
      const shown = { links: { kind: "registry", base }, hidden: [], files: null } as const;
      return { name, bytes: writePackument(packument, "full", shown) };
    } catch (error) {
      if (error instanceof VaultError) return null;
      throw error;
    }
  }
}

/** Why a tarball cannot be imported; null where it can. */
function objection(name: string, listed: string | null | undefined, { integrity }: CachedAnswer): string | null {
  if (listed === undefined) return `there is no document about ${name} that lists it`;
  return listed === null || integrity === null || listed === integrity
    ? null
    : `the document about ${name} lists it with another digest`;
}

/** The `integrity` of each tarball of a document, by both of its names; null where there is none. */
function integritiesOf(document: JsonObject): ReadonlyMap<string, string | null> {
  const { name } = document;
  const integrities = new Map<string, string | null>();
  for (const [version, manifest] of Object.entries(asJsonObject(document.versions))) {
    const { tarball, integrity } = asJsonObject(asJsonObject(manifest).dist);
    if (typeof name !== "string" || typeof tarball !== "string") continue;
    for (const file of [fileNameOf(tarball, { name, version }), tarballName(name, version)]) {
      integrities.set(file, typeof integrity === "string" ? integrity : null);
    }
  }
  return integrities;
}

/** Returns the backend that is meant, or why there is none. */
function backendFor({ backends, renamed }: ShelfTarget): ShelfBackend | string {
  const name = renamed.get(ownName);
  const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
  if (backend !== undefined) return backend;
  if (name !== undefined) return `no backend for npm packages is called "${name}"`;
  return "no backend serves npm packages. This would serve them:\n  backends:\n  - type: npm\n    name: npm";
}

/** Reads a document in JSON; null where the vault has none. */
async function readDocument(answer: Promise<Response>): Promise<JsonObject | null> {
  const response = await answer;
  const text = await response.text();
  return response.ok ? parseJsonObject(text) : null;
}
