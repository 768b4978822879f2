import { createHash } from "node:crypto";
import type { Artifact } from "../../artifact.ts";
import type { GeneratedDocument } from "../../backend.ts";
import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import type { Digest } from "../../digest.ts";
import { BriefMemory } from "../shared/brief_memory.ts";
import { nullIfUnavailable } from "../shared/or_null.ts";
import type { Links } from "./linked_content.ts";
import { type ListAddress, listHeaders } from "./response_headers.ts";

/** A repository, as its cached content is found. */
export interface CachedRepository {
  /** The name for clients. */
  readonly name: string;
  /** Its keys begin with it: `/registry/name`. */
  readonly key: string;
  /** A URL of its list of tags, which the answer stands for. */
  readonly url: string;
  locate(kind: "manifest" | "blob", digest: Digest): Artifact;
}

/** The page of a list that a client asks for (distribution-spec, "Listing Tags"). */
interface Page {
  /** The most tags; `Infinity` for all. */
  readonly most: number;
  /** The tag that the page begins behind; empty for the first page. */
  readonly after: string;
}

const mostRepositories = 1000;
/** An index in an index is looked into, no more. */
const deepest = 2;

/** Lists the tags whose images can be pulled from the cache alone. */
export class CachedTags {
  readonly #backend: string;
  readonly #links: Parser<Links>;
  readonly #known = new BriefMemory<readonly string[]>(mostRepositories);

  constructor(backend: string, links: Parser<Links>) {
    this.#backend = backend;
    this.#links = links;
  }

  /** Returns the list as a registry sends it. Throws `offline` where no image of the repository can be pulled. */
  async document(
    repository: CachedRepository,
    query: string,
    at: ListAddress,
    vault: VaultReader,
  ): Promise<GeneratedDocument> {
    const tags = await this.#known.get(repository.key, () => this.#find(repository, vault));
    if (tags.length === 0) {
      throw new VaultError(
        "offline",
        `No image of "${repository.name}" is in the cache, and the vault is offline for "${this.#backend}": it asks no upstream`,
      );
    }
    const { most, after } = pageOf(query);
    const rest = tags.filter((tag) => tag > after);
    const shown = rest.slice(0, most);
    const next = shown.length === rest.length ? [] : [["link", linkTo(shown.at(-1) ?? after, most)] as const];
    const bytes = new TextEncoder().encode(JSON.stringify({ name: repository.name, tags: shown }));
    const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    return {
      headers: listHeaders([["content-type", "application/json"], ["etag", `"${etag}"`], ...next], at),
      bytes,
      source: { cacheStatus: { hit: true, detail: "offline" }, ageSeconds: 0, upstream: repository.url },
    };
  }

  async #find(repository: CachedRepository, vault: VaultReader): Promise<readonly string[]> {
    const prefix = `${repository.key}/manifests/`;
    const tags = new Set<string>();
    const whole = new Map<string, Promise<boolean>>();
    for await (const { key, sha256 } of vault.entries(this.#backend, prefix)) {
      const [tag = ""] = key.slice(prefix.length).split("?");
      if (tag === "" || tag.includes(":") || tags.has(tag)) continue;
      if (!whole.has(sha256)) whole.set(sha256, this.#isWhole({ algorithm: "sha256", hex: sha256 }, repository, vault));
      if (await whole.get(sha256)) tags.add(tag);
    }
    return [...tags].sort();
  }

  /** True if a manifest and its blobs are cached; of an index, those of one platform at least. */
  async #isWhole(digest: Digest, repository: CachedRepository, vault: VaultReader, depth = 1): Promise<boolean> {
    const manifest = repository.locate("manifest", digest);
    if (!vault.holds(manifest)) return false;
    const read = await nullIfUnavailable(vault.read(manifest, this.#links));
    if (read === null) return false;
    const { manifests, blobs } = read.value;
    if (manifests.length === 0) return blobs.every((blob) => vault.holds(repository.locate("blob", blob)));
    if (depth > deepest) return false;
    for (const listed of manifests) {
      if (await this.#isWhole(listed.digest, repository, vault, depth + 1)) return true;
    }
    return false;
  }
}

function pageOf(query: string): Page {
  const parameters = new URLSearchParams(query);
  const written = parameters.get("n") ?? "";
  return { most: /^\d{1,9}$/.test(written) ? Number(written) : Infinity, after: parameters.get("last") ?? "" };
}

/** Made as a registry does it; `listHeaders` leads it to the vault. */
function linkTo(last: string, most: number): string {
  return `</?${new URLSearchParams({ n: String(most), last })}>; rel="next"`;
}
