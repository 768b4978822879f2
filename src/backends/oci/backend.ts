import type { Artifact, CachingPolicy, Reuse } from "../../artifact.ts";
import type {
  Backend,
  BackendRequest,
  DirectAnswer,
  KeyRequest,
  OfflineMiss,
  Resolved,
  ResolvedArtifact,
} from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import type { Digest } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { acceptClassOf, acceptOf, everyForm } from "./accept.ts";
import { type CachedRepository, CachedTags } from "./cached_tags.ts";
import { RegistryCandidates } from "./candidates.ts";
import { statedMediaType } from "./document_forms.ts";
import { createDocumentParsers } from "./document_parsers.ts";
import { formatError } from "./error_body.ts";
import { isIndex, ociIndexType } from "./media_types.ts";
import { Prefetch, type PrefetchOptions } from "./prefetch.ts";
import { announcedDigest, contentHeaders, type ListAddress, listHeaders, versionHeader } from "./response_headers.ts";
import { offlineMiss } from "./offline_miss.ts";
import { noReferrers } from "./referrers.ts";
import { type Claim, defaultWord, Registries, type Unconfigured } from "./registries.ts";
import type { RegistryOptions } from "./registry.ts";
import { type Content, formatPath, nsOf, parseRequest } from "./request.ts";

export interface BackendOptions {
  readonly name: string;
  readonly type: "dockerhub" | "oci";
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** The registries in the order they are tried. For `dockerhub`, Docker Hub's names mean all of them. */
  readonly registries: readonly RegistryOptions[];
  /** The time for which tags and lists are fresh. */
  readonly tagTtlMs: number;
  /** For tags and lists. What has a digest is checked, so that any registry may stand in for one that fails. */
  readonly failover: Artifact["failover"];
  /** Registries that are not configured; without it, they are refused. */
  readonly unconfigured?: Unconfigured;
  /** True where lists of tags name only images that the cache can deliver, since no registry is asked. False when absent. */
  readonly hidesUncached?: boolean;
  /** The platforms that are fetched ahead when a client gets an index; nothing where absent. */
  readonly prefetch?: Omit<PrefetchOptions, "atOnce" | "links">;
}

/** Resolves requests for images; the reader is for fetching ahead, and for lists of what is cached. */
export interface ImageBackend extends Backend {
  resolve(request: BackendRequest, vault?: VaultReader): Resolved | Promise<Resolved>;
}

/** A mirror of registries, which can be asked below its own prefix or through the root. */
export interface RegistryBackend extends ImageBackend {
  /** The registries that it serves, by their names or patterns of them. */
  readonly registryNames: readonly string[];
  /** Returns the reason why it serves this registry; null where it does not. */
  claimTo(registry: string): Claim | null;
  /** Says what a client missed offline, by a path below the prefix or `/v2`. */
  offlineMiss(request: BackendRequest): OfflineMiss;
  /** As `resolve`, with a path below `/v2`. */
  answer(request: BackendRequest, vault?: VaultReader): Resolved | Promise<Resolved>;
}

/** A quarter of the places for transfers: the rest is for bodies that clients wait for. */
const mostPrefetches = 4;

const pong: DirectAnswer = { status: 200, contentType: "application/json", headers: [versionHeader], body: "{}" };

/** Registries that speak the distribution API. */
export function createBackend(options: BackendOptions): RegistryBackend {
  return new OciMirror(options);
}

/** The members that artifacts of every kind have. */
type Common = Pick<Artifact, "backend" | "key" | "candidates" | "policy" | "webPages" | "failover">;

/** The properties that all content of one repository shares. */
interface Place {
  readonly common: Common;
  readonly repositoryKey: string;
  readonly reuse: Reuse;
}

type Digested = Extract<Content, { kind: "manifest" | "blob" }>;

interface TagRequest {
  readonly request: BackendRequest;
  /** A tag that was revalidated before this time is stale, whatever the ttl. */
  readonly since: number | undefined;
}

class OciMirror implements RegistryBackend {
  readonly name: string;
  readonly type: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly #options: BackendOptions;
  readonly #registries: Registries;
  readonly #candidates = new RegistryCandidates();
  readonly #prefetch: Prefetch | null;
  /** Null where lists of tags are those of the registries. */
  readonly #cachedTags: CachedTags | null;
  readonly #parsers = createDocumentParsers();
  readonly #manifestCheck = this.#parsers.check("a manifest");
  readonly #tagListCheck = this.#parsers.check("a list of tags");
  readonly #referrersCheck = this.#parsers.check("a list of referrers");

  constructor(options: BackendOptions) {
    this.name = options.name;
    this.type = options.type;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#options = options;
    this.#cachedTags = options.hidesUncached ? new CachedTags(options.name, this.#parsers.links) : null;
    const atOnce = Math.max(1, Math.min(mostPrefetches, Math.floor(options.maxTransfers / 4)));
    this.#prefetch = options.prefetch
      ? new Prefetch({ ...options.prefetch, atOnce, links: this.#parsers.links })
      : null;
    this.#registries = new Registries({ ...options, mirrorsHub: options.type === "dockerhub" });
  }

  get registryNames(): readonly string[] {
    return this.#registries.names;
  }

  claimTo(registry: string): Claim | null {
    return this.#registries.claimTo(registry);
  }

  resolve(request: BackendRequest, vault?: VaultReader): Resolved | Promise<Resolved> {
    return this.answer(belowVersion(request), vault);
  }

  requestsOf(key: string): KeyRequest[] {
    const [, word = "", content = "", only = ""] = /^\/([^/]+)(\/.*?)(?:\?only=(.*))?$/s.exec(key) ?? [];
    const accept = acceptOf(only);
    const separator = content.includes("?") ? "&" : "?";
    const named = word === defaultWord ? "" : `${separator}ns=${encodeURIComponent(word)}`;
    return [{ target: `/v2${content}${named}`, ...accept !== null && { headers: [["accept", accept]] } }];
  }

  formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
    return formatError(error, parseRequest(belowVersion(request)));
  }

  offlineMiss(request: BackendRequest): OfflineMiss {
    return offlineMiss(parseRequest(belowVersion(request)), () => this.#registries.unnamed);
  }

  answer(request: BackendRequest, vault?: VaultReader): Resolved | Promise<Resolved> {
    const asked = parseRequest(request);
    switch (asked.kind) {
      case "ping":
        return { kind: "answer", answer: pong };
      case "invalid":
        throw new VaultError("bad_request", asked.message);
      case "unknown":
        throw new VaultError(
          "unknown_route",
          `"${request.base}${request.path}" means nothing to this mirror: it has manifests, blobs, tags/list and referrers of images`,
        );
      case "tags":
        if (this.#cachedTags === null || vault === undefined) return this.#resolve(asked, request);
        return this.#listCached(this.#cachedTags, asked, request, vault);
      default:
        return this.#fetchingAhead(asked, request, vault);
    }
  }

  async #listCached(
    cached: CachedTags,
    asked: Extract<Content, { kind: "tags" }>,
    request: BackendRequest,
    vault: VaultReader,
  ): Promise<Resolved> {
    const { artifact } = this.#resolve({ ...asked, query: "" }, request);
    const { registry, name } = asked;
    const key = artifact.key.slice(0, -"/tags/list".length);
    const repository: CachedRepository = {
      name: key.slice(key.indexOf("/", 1) + 1),
      key,
      url: artifact.candidates[0]!.url,
      locate: (kind, digest) => this.#resolve({ kind, registry, name, digest }, request).artifact,
    };
    return { kind: "document", document: await cached.document(repository, asked.query, addressOf(request), vault) };
  }

  /**
   * Fetches ahead what an index lists once it is served; not offline, and not of registries that only a client has
   * named.
   */
  #fetchingAhead(asked: Content, request: BackendRequest, vault: VaultReader | undefined): Resolved {
    const resolved = this.#resolve(asked, request);
    const { artifact } = resolved;
    const prefetch = this.#prefetch;
    const mayList = asked.kind === "tagged_manifest" || asked.kind === "manifest";
    if (prefetch === null || vault === undefined || !mayList) return resolved;
    if (!isReusable(artifact) || this.#options.policy.offline) return resolved;
    const { registry, name } = asked;
    return {
      ...resolved,
      onServed: (headers, sha256) => {
        if (!isIndex(headers)) return;
        const locate = (kind: "manifest" | "blob", digest: Digest) =>
          this.#resolve({ kind, registry, name, digest }, request).artifact;
        prefetch.start({ artifact, sha256, locate }, vault);
      },
    };
  }

  #resolve(asked: Content, request: BackendRequest): ResolvedArtifact {
    const scope = this.#registries.scopeOf(asked.registry);
    const isHub = scope.registries.every((registry) => registry.isHub);
    const content = isHub ? { ...asked, name: scope.registries[0]!.imageName(asked.name) } : asked;
    const repositoryKey = `/${scope.word}/${content.name}`;
    const common: Common = {
      backend: this.name,
      key: `/${scope.word}${formatPath(content)}`,
      candidates: this.#candidates.of(scope, content),
      policy: this.#options.policy,
      failover: scope.areAlike ? "any_failure" : this.#options.failover,
      // Blobs may be of any type. Their digest tells.
      ...content.kind !== "blob" && { webPages: "refused" },
    };
    const isReused = scope.isTrusted &&
      !(content.kind === "blob" && scope.registries.some((one) => one.plainHttpBlobs));
    const place: Place = { common, repositoryKey, reuse: isReused ? "once_confirmed" : "never" };
    switch (content.kind) {
      case "tagged_manifest":
        return this.#tag(place, { request, since: this.#candidates.absentAt(scope, content.name) });
      case "manifest":
      case "blob":
        return this.#digested(place, content);
      case "tags":
      case "referrers":
        return this.#list(common, content.kind, request);
    }
  }

  #tag({ common, repositoryKey, reuse }: Place, { request, since }: TagRequest): ResolvedArtifact {
    const { accept, keySuffix } = acceptClassOf(request.headers.get("accept"));
    const keyByDigest = (sha256: string) => manifestKey(repositoryKey, sha256);
    return {
      kind: "artifact",
      artifact: {
        ...common,
        key: common.key + keySuffix,
        requestHeaders: [["accept", accept]],
        freshness: { kind: "ttl", ttlMs: this.#options.tagTtlMs, ...since !== undefined && { since } },
        identity: { kind: "announced", digestIn: announcedDigest, reuse },
        document: { check: this.#manifestCheck, keyByDigest, mediaTypeOf: statedMediaType },
      },
      headers: (stored, sha256) => contentHeaders(stored, null, sha256),
    };
  }

  #digested({ common, repositoryKey, reuse }: Place, { kind, digest }: Digested): ResolvedArtifact {
    const isManifest = kind === "manifest";
    return {
      kind: "artifact",
      artifact: {
        ...common,
        requestHeaders: isManifest ? [["accept", everyForm.accept]] : [],
        freshness: { kind: "immutable" },
        identity: { kind: "digest", digest, reuse },
        failover: "any_failure",
        ...isManifest && { document: { keyByDigest: (sha256) => manifestKey(repositoryKey, sha256) } },
      },
      headers: (stored) => contentHeaders(stored, digest),
    };
  }

  #list(common: Common, kind: "tags" | "referrers", request: BackendRequest): ResolvedArtifact {
    const address = addressOf(request);
    return {
      kind: "artifact",
      artifact: {
        ...common,
        requestHeaders: kind === "referrers" ? [["accept", ociIndexType]] : [],
        freshness: { kind: "ttl", ttlMs: this.#options.tagTtlMs },
        identity: { kind: "unknown" },
        document: { check: kind === "tags" ? this.#tagListCheck : this.#referrersCheck },
      },
      headers: (stored) => listHeaders(stored, address),
      ...kind === "referrers" && { ifMissing: noReferrers },
    };
  }
}

/** Says whether stored bytes of another repository may serve the artifact. */
function isReusable({ identity }: Artifact): boolean {
  return (identity.kind === "digest" || identity.kind === "announced") && identity.reuse === "once_confirmed";
}

/** The address of a list, for the link to its next page. */
function addressOf({ base, path, query }: BackendRequest): ListAddress {
  return { path: base + path, ns: nsOf(query) };
}

function manifestKey(repositoryKey: string, sha256: string): string {
  return `${repositoryKey}/manifests/sha256:${sha256}`;
}

/** The request as it is below `/v2`, which clients that know the original's paths leave out. */
function belowVersion(request: BackendRequest): BackendRequest {
  const { base, path } = request;
  if (path !== "/v2" && !path.startsWith("/v2/")) return request;
  return { ...request, base: `${base}/v2`, path: path.slice("/v2".length) || "/" };
}
