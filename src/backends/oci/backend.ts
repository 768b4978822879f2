import type { Artifact, Backend, BackendRequest, CachingPolicy, DirectAnswer, VaultReader } from "../../artifact.ts";
import type { Digest } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { acceptClassOf, everyForm } from "./accept.ts";
import { OciCandidates } from "./candidates.ts";
import { manifestCheck, mediaTypeOf, referrersCheck, tagListCheck } from "./document_checks.ts";
import { formatOciError } from "./error_body.ts";
import { isIndex, ociIndexType } from "./media_types.ts";
import { Prefetch, type PrefetchOptions } from "./prefetch.ts";
import { announcedDigest, presentContent, presentList, versionHeader } from "./response_headers.ts";
import { noReferrers } from "./referrers.ts";
import { type Claim, Registries, type Unconfigured } from "./registries.ts";
import type { OciRegistry } from "./registry.ts";
import { formatOciPath, nsOf, type OciContent, parseOciRequest } from "./request.ts";

export interface OciBackendOptions {
  readonly name: string;
  readonly type: "dockerhub" | "oci";
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** In the order they are tried. For `dockerhub`, Docker Hub's names mean all of them. */
  readonly registries: readonly OciRegistry[];
  /** How long tags and lists are fresh. */
  readonly tagTtlMs: number;
  /** For tags and lists. What has a digest is checked, so that any registry may stand in for one that fails. */
  readonly movesOnAfter: Artifact["movesOnAfter"];
  /** Registries that are not configured; without it, they are refused. */
  readonly unconfigured?: Unconfigured;
  /** What is fetched ahead when a client gets an index; nothing where absent. */
  readonly prefetch?: Omit<PrefetchOptions, "atOnce">;
}

/** What a request for an image means needs no document; the reader is for what is fetched ahead, once it is served. */
export interface ImageBackend extends Backend {
  resolve(request: BackendRequest, vault?: VaultReader): Artifact | DirectAnswer;
}

/** A mirror of registries, which can be asked below its own prefix or through the root. */
export interface OciBackend extends ImageBackend {
  /** The registries it serves, by their names or patterns of them. */
  readonly registryNames: readonly string[];
  /** Why it serves this registry; null where it does not. */
  claimTo(registry: string): Claim | null;
  /** As `resolve`, with a path below `/v2`. */
  answer(request: BackendRequest, vault?: VaultReader): Artifact | DirectAnswer;
}

/** Clients have most of what may come from a host at once to themselves. */
const mostPrefetches = 4;

const pong: DirectAnswer = { status: 200, contentType: "application/json", headers: [versionHeader], body: "{}" };

/** Registries that speak the distribution API (DESIGN 7, OCI). */
export function createOciBackend(options: OciBackendOptions): OciBackend {
  return new OciMirror(options);
}

/** What artifacts of every kind have alike. */
type Common = Pick<Artifact, "backend" | "key" | "candidates" | "policy" | "webPages" | "movesOnAfter"> & {
  readonly adoptsHeld: boolean;
};

type Digested = Extract<OciContent, { kind: "manifest" | "blob" }>;

interface TagRequest {
  readonly request: BackendRequest;
  /** What was confirmed before is to be confirmed again, whatever the ttl. */
  readonly since: number | undefined;
}

class OciMirror implements OciBackend {
  readonly name: string;
  readonly type: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly #options: OciBackendOptions;
  readonly #registries: Registries;
  readonly #candidates = new OciCandidates();
  readonly #prefetch: Prefetch | null;

  constructor(options: OciBackendOptions) {
    this.name = options.name;
    this.type = options.type;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#options = options;
    const atOnce = Math.max(1, Math.min(mostPrefetches, Math.floor(options.maxTransfers / 4)));
    this.#prefetch = options.prefetch ? new Prefetch({ ...options.prefetch, atOnce }) : null;
    this.#registries = new Registries({ ...options, mirrorsHub: options.type === "dockerhub" });
  }

  get registryNames(): readonly string[] {
    return this.#registries.names;
  }

  claimTo(registry: string): Claim | null {
    return this.#registries.claimTo(registry);
  }

  resolve(request: BackendRequest, vault?: VaultReader): Artifact | DirectAnswer {
    return this.answer(belowVersion(request), vault);
  }

  formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
    return formatOciError(error, parseOciRequest(belowVersion(request)));
  }

  answer(request: BackendRequest, vault?: VaultReader): Artifact | DirectAnswer {
    const asked = parseOciRequest(request);
    switch (asked.kind) {
      case "ping":
        return pong;
      case "invalid":
        throw new VaultError("bad_request", asked.message);
      case "unknown":
        throw new VaultError(
          "unknown_route",
          `"${request.base}${request.path}" means nothing to this mirror: it has manifests, blobs, tags/list and referrers of images`,
        );
      default:
        return this.#fetchingAhead(asked, request, vault);
    }
  }

  /** The artifact that fetches ahead what it lists; nothing of registries that only a client has named, nor offline. */
  #fetchingAhead(asked: OciContent, request: BackendRequest, vault: VaultReader | undefined): Artifact {
    const artifact = this.#artifact(asked, request);
    const prefetch = this.#prefetch;
    const mayList = asked.kind === "tagged_manifest" || asked.kind === "manifest";
    if (prefetch === null || vault === undefined || !mayList) return artifact;
    if (!artifact.adoptsHeld || this.#options.policy.offline) return artifact;
    const { registry, name } = asked;
    return {
      ...artifact,
      served: (headers, sha256) => {
        if (!isIndex(headers)) return;
        const locate = (kind: "manifest" | "blob", digest: Digest) =>
          this.#artifact({ kind, registry, name, digest }, request);
        prefetch.start({ artifact, sha256, locate }, vault);
      },
    };
  }

  #artifact(asked: OciContent, request: BackendRequest): Artifact {
    const scope = this.#registries.scopeOf(asked.registry);
    const isHub = scope.registries.every((registry) => registry.isHub);
    const content = isHub ? { ...asked, name: scope.registries[0]!.imageName(asked.name) } : asked;
    const repositoryKey = `/${scope.word}/${content.name}`;
    const common: Common = {
      backend: this.name,
      key: `/${scope.word}${formatOciPath(content)}`,
      candidates: this.#candidates.of(scope, content),
      policy: this.#options.policy,
      adoptsHeld: scope.isTrusted && !(content.kind === "blob" && scope.registries.some((one) => one.plainHttpBlobs)),
      movesOnAfter: scope.areAlike ? "any_failure" : this.#options.movesOnAfter,
      // Blobs may be of any type. Their digest tells.
      ...content.kind !== "blob" && { webPages: "refused" },
    };
    switch (content.kind) {
      case "tagged_manifest":
        return this.#tag(common, repositoryKey, { request, since: this.#candidates.absentAt(scope, content.name) });
      case "manifest":
      case "blob":
        return this.#digested(common, repositoryKey, content);
      case "tags":
      case "referrers":
        return this.#list(common, content.kind, request);
    }
  }

  #tag(common: Common, repositoryKey: string, { request, since }: TagRequest): Artifact {
    const { accept, keySuffix } = acceptClassOf(request.headers.get("accept"));
    return {
      ...common,
      key: common.key + keySuffix,
      requestHeaders: [["accept", accept]],
      freshness: { kind: "ttl", ttlMs: this.#options.tagTtlMs, ...since !== undefined && { since } },
      announcedDigest,
      checkedBy: manifestCheck,
      keyByDigest: (sha256) => manifestKey(repositoryKey, sha256),
      mediaTypeOf,
      present: (headers, sha256) => presentContent(headers, null, sha256),
    };
  }

  #digested(common: Common, repositoryKey: string, { kind, digest }: Digested): Artifact {
    const isManifest = kind === "manifest";
    return {
      ...common,
      requestHeaders: isManifest ? [["accept", everyForm.accept]] : [],
      freshness: { kind: "immutable" },
      digest,
      movesOnAfter: "any_failure",
      ...isManifest && { keyByDigest: (sha256) => manifestKey(repositoryKey, sha256) },
      present: (headers) => presentContent(headers, digest),
    };
  }

  #list(common: Common, kind: "tags" | "referrers", { base, path, query }: BackendRequest): Artifact {
    const address = { path: base + path, ns: nsOf(query) };
    return {
      ...common,
      requestHeaders: kind === "referrers" ? [["accept", ociIndexType]] : [],
      freshness: { kind: "ttl", ttlMs: this.#options.tagTtlMs },
      checkedBy: kind === "tags" ? tagListCheck : referrersCheck,
      present: (headers) => presentList(headers, address),
      ...kind === "referrers" && { whenMissing: noReferrers },
    };
  }
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
