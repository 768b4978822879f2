import type { Artifact } from "../../artifact.ts";
import type { DirectAnswer, Resolved, ResolvedArtifact } from "../../backend.ts";
import type { JsonObject } from "../../http/json.ts";
import type { Asked, Kind } from "./asked.ts";
import type { Callers } from "./caller.ts";
import { absentEntry, jsonType } from "./error_body.ts";
import { answered, noAccount } from "./fixed_answers.ts";
import { pathsInfoArtifact, readPaths } from "./paths_info.ts";
import { apiPathOfRepo, isTypeWord, type Repo } from "./repo.ts";
import { canonicalQuery, entriesBelow, type Revisions, type TreePlace } from "./revisions.ts";
import { type Telling, toldHeaders, toldParser } from "./told_document.ts";
import type { HubUpstream } from "./upstream.ts";

export interface HubApiOptions {
  readonly upstream: HubUpstream;
  readonly revisions: Revisions;
  readonly callers: Callers;
  /** How long a document that is not about a commit is fresh. */
  readonly ttlMs: number;
  /** True where nothing may say that there is Xet. */
  readonly hidesXet: boolean;
}

/** A folder of a commit. */
interface TreePart extends TreePlace {
  readonly folder: string;
}

const accountPath = /^\/(?:api\/(?:whoami|settings|notifications|users\/me)|oauth\/)/;

/** The documents of the Hub's API, as clients of the vault get them. */
export class HubApi {
  readonly #options: HubApiOptions;

  constructor(options: HubApiOptions) {
    this.#options = options;
  }

  /** A document about a branch, or about what is at the commit of one. */
  async ofRevision(meant: Kind<"revision">, asked: Asked): Promise<Resolved> {
    const { what, repo, revision, rest } = meant;
    const { revisions } = this.#options;
    const { request: { query }, caller } = asked;
    if (what === "revision") {
      return await this.#document(revisions.document({ what, repo, revision, rest, query }, caller), asked);
    }
    const commit = await revisions.commitOf(repo, revision, asked);
    if (what === "paths-info") return await this.#pathsInfo(repo, commit, asked);
    const document = revisions.document({ what: "tree", repo, revision: commit, rest, query }, caller);
    const part = { repo, commit, folder: rest };
    return await this.#fromTree(part, document, asked) ?? await this.#document(document, asked);
  }

  /**
   * Any other document, or web page. Nobody's credentials are used for what is not surely about a repository: it might
   * tell of them, or of their owner.
   */
  async other(meant: Kind<"api"> | Kind<"page">, asked: Asked): Promise<Resolved> {
    const { callers, upstream, ttlMs } = this.#options;
    const { request: { path, query }, caller } = asked;
    if (!callers.areMany && accountPath.test(path)) return answered(noAccount);
    const isOfRepo = meant.kind === "api" && meant.repos.some(({ type }) => type === "models" || isTypeWord(type));
    const artifact = upstream.document({
      target: path + (meant.kind === "api" ? canonicalQuery(query) : query),
      caller: isOfRepo || callers.areMany ? caller : callers.nobody,
      freshness: { kind: "ttl", ttlMs },
    });
    if (meant.kind === "api") return await this.#document(artifact, asked);
    return { kind: "artifact", artifact: { ...artifact, webPages: "allowed" } };
  }

  /** A document as clients get it: as the Hub has sent it, unless something in it would lead them past the vault. */
  async #document(artifact: Artifact, asked: Asked): Promise<Resolved> {
    const telling = this.#tellingOf(asked);
    const headers: ResolvedArtifact["headers"] = (stored) => toldHeaders(stored, telling, false);
    const { value, headers: stored, source } = await asked.vault.read(artifact, toldParser(telling));
    if (value === null) return { kind: "artifact", artifact, headers };
    const { bytes, isChanged } = value;
    return { kind: "document", document: { headers: toldHeaders(stored, telling, isChanged), bytes, source } };
  }

  /** The part of a tree that a client asks for, where that is not stored and the whole tree is; null otherwise. */
  async #fromTree({ folder, ...place }: TreePart, document: Artifact, asked: Asked): Promise<Resolved | null> {
    const query = new URLSearchParams(asked.request.query);
    const isMore = query.get("expand")?.toLowerCase() === "true" || query.has("cursor") || query.has("limit");
    if (isMore || asked.vault.holds(document)) return null;
    const tree = await this.#storedTree(place, asked);
    if (tree === null) return null;
    const entries = entriesBelow(tree, folder, query.get("recursive")?.toLowerCase() === "true");
    if (entries.length > 0 || folder === "") return answered(this.#list(entries));
    throw absentEntry(`"${folder}" is no folder of this commit`);
  }

  async #pathsInfo(repo: Repo, commit: string, asked: Asked): Promise<Resolved> {
    const { request, vault, caller } = asked;
    const { upstream } = this.#options;
    const wanted = await readPaths(request);
    const tree = wanted.expand ? null : await this.#storedTree({ repo, commit }, asked);
    if (tree !== null) {
      const paths = new Set<unknown>(wanted.paths);
      return answered(this.#list(tree.filter(({ path }) => paths.has(path))));
    }
    if (!wanted.expand) this.#options.revisions.readTreeAside({ repo, commit }, asked);
    const target = `${apiPathOfRepo(repo)}/paths-info/${commit}`;
    const artifact = pathsInfoArtifact(upstream, { target, caller, wanted });
    const telling = this.#tellingOf(asked);
    const { value, headers } = await vault.read(artifact, toldParser({ ...telling, always: true }));
    return answered({
      status: 200,
      contentType: jsonType,
      headers: toldHeaders(headers, telling, value!.isChanged).filter(([name]) => name !== "content-type"),
      body: new TextDecoder().decode(value!.bytes),
    });
  }

  /** Null where not all of it is stored, or not all callers may see it. */
  async #storedTree(place: TreePlace, asked: Asked): Promise<readonly JsonObject[] | null> {
    const { callers, revisions } = this.#options;
    return callers.areMany ? null : await revisions.storedTree(place, asked);
  }

  #list(entries: readonly JsonObject[]): DirectAnswer {
    const shown = this.#options.hidesXet ? entries.map(({ xetHash: _, ...entry }) => entry) : entries;
    return { status: 200, contentType: jsonType, headers: [], body: JSON.stringify(shown) };
  }

  #tellingOf({ base }: Asked): Telling {
    const { upstream, hidesXet } = this.#options;
    return { upstream: upstream.baseUrl, base, hidesXet };
  }
}
