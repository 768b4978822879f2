import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import type { Candidate, Fetch } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { referrersTag, withReferrersApi } from "./referrers.ts";
import type { Scope } from "./registries.ts";
import type { Registry } from "./registry.ts";
import type { Content } from "./request.ts";

/** The most images that are remembered with the registry that has them. */
const maxRemembered = 10_000;

/** Finds the candidates for content, and remembers which registry was last seen to have an image, or not to have it. */
export class RegistryCandidates {
  readonly #remembered = new LRUCache<string, Registry>(atMost(maxRemembered));
  /** The time when a registry last said that it does not have content of an image that was asked for by digest. */
  readonly #absentAt = new LRUCache<string, number>(atMost(maxRemembered));

  /**
   * The registries of the scope that may be asked for the image. Content with a digest is requested first where the
   * image was last seen; tags always in the configured order, since the first registry decides on them. Throws
   * `denied`.
   */
  of(scope: Scope, content: Content): readonly Candidate[] {
    const permitted = scope.registries.filter((registry) => registry.permits(registry.imageName(content.name)));
    if (permitted.length === 0) throw notPermitted(scope, content.name);
    const image = `${scope.word}/${content.name}`;
    const first = "digest" in content ? this.#remembered.get(image) : undefined;
    return permitted.toSorted((a, b) => Number(b === first) - Number(a === first)).flatMap((registry) => {
      const own = { ...content, name: registry.imageName(content.name) };
      const candidate = candidateOf(registry, own);
      if (own.kind === "referrers") return withReferrersTag(registry, own, candidate);
      const teaches = own.kind !== "blob" && own.kind !== "tags" && scope.registries.length > 1;
      const mayBeAbsent = own.kind === "blob" || own.kind === "manifest";
      if (!teaches && !mayBeAbsent) return [candidate];
      return [{ ...candidate, fetch: this.#remembering(candidate.fetch, registry, { image, teaches, mayBeAbsent }) }];
    });
  }

  /**
   * Returns the time when a registry last did not have what an image leads to, ms since the epoch; undefined where that
   * is not known. A tag that was revalidated before may lead to content that has been deleted upstream since.
   */
  absentAt(scope: Scope, name: string): number | undefined {
    return this.#absentAt.get(`${scope.word}/${name}`);
  }

  #remembering(fetch: Fetch, registry: Registry, { image, teaches, mayBeAbsent }: Lesson): Fetch {
    return async (request, options) => {
      const response = await fetch(request, options);
      if (teaches && (response.ok || response.status === 304)) this.#remembered.set(image, registry);
      const isAbsent = request.method === "GET" && (response.status === 404 || response.status === 410);
      if (mayBeAbsent && isAbsent) this.#absentAt.set(image, Date.now());
      return response;
    };
  }
}

/** The information that an answer may bring about an image. */
interface Lesson {
  readonly image: string;
  /** The registry has it. */
  readonly teaches: boolean;
  /** The registry does not have all of it. */
  readonly mayBeAbsent: boolean;
}

function candidateOf(registry: Registry, content: Content): Candidate {
  const fetch = content.kind === "blob" ? registry.fetchBlob : registry.fetch;
  return { url: registry.urlOf(content), fetch, idleTimeoutMs: registry.idleTimeoutMs };
}

type Referrers = Extract<Content, { kind: "referrers" }>;

/** Tries the API for referrers first, then the tag that takes its place where a registry has no such API. */
function withReferrersTag(registry: Registry, content: Referrers, candidate: Candidate): Candidate[] {
  const { name, digest } = content;
  const tag = referrersTag(digest);
  return [
    { ...candidate, fetch: withReferrersApi(registry.fetch) },
    candidateOf(registry, { kind: "tagged_manifest", registry: null, name, tag }),
  ];
}

function notPermitted({ registries }: Scope, name: string): VaultError {
  const patterns = registries.map((registry) => registry.describePatterns()).join(" | ");
  return new VaultError(
    "denied",
    `The image "${name}" is not let through by the patterns of this backend (${patterns})`,
  );
}
