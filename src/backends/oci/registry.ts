import type { Fetch } from "../../artifact.ts";
import { compileRules } from "../../glob/compile.ts";
import { type HostFit, HostPatterns } from "./host_patterns.ts";
import { allHubNames, canonicalName, isDomainName, isHubName } from "./registry_name.ts";
import { type Content, formatPath } from "./request.ts";

/** A configured registry. */
export interface RegistryOptions {
  /** Its base URL; may have a path. Where that has `/v2` in it, names of images follow at once. */
  readonly url: string;
  /** Its names for clients, in lower case: `host[:port]` and aliases. The first is its name in the cache. */
  readonly names: readonly string[];
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  /** Globs of image names, `**` across segments; empty for all. */
  readonly allow: readonly string[];
  /** Globs of image names that are denied, also where `allow` has them. */
  readonly deny: readonly string[];
  /** True where it has the Hub's official images without `library/` before their names. */
  readonly bareOfficialImages?: boolean;
  /** True where it may redirect to plain http for blobs, although it needs a login. */
  readonly plainHttpBlobs?: boolean;
  /** Other registries whose images it has as well, by patterns of their names or `any`; none where absent. */
  readonly mirrorOf?: readonly string[];
  /** The way to name one of those in a request; `path` where absent. */
  readonly mirrorForm?: MirrorForm;
}

/**
 * The way to name a registry to a mirror of several: in the path, before the image's name, or in the query, as
 * containerd does (`?ns=`).
 */
export type MirrorForm = "path" | "ns";

/**
 * A registry with the rules of its configuration, and those of Docker Hub where it is that or has its name.
 */
export class Registry {
  /** The URL that paths of the distribution API follow, with its version. */
  readonly apiUrl: string;
  readonly names: ReadonlySet<string>;
  readonly isHub: boolean;
  readonly fetch: Fetch;
  /** Like `fetch`, for blobs. */
  readonly fetchBlob: Fetch;
  /** True where blobs may come over plain http: then an answer about them to HEAD proves nothing. */
  readonly plainHttpBlobs: boolean;
  readonly idleTimeoutMs: number;
  readonly #config: RegistryOptions;
  readonly #mirrorOf: HostPatterns;
  /** The registry that it mirrors here; null where it is asked for its own images. */
  readonly #mirrored: string | null;
  readonly #allows: (image: string) => boolean;
  readonly #denies: (image: string) => boolean;

  constructor(config: RegistryOptions, mirrored: string | null = null) {
    const url = new URL(config.url.replace(/\/+$/, ""));
    this.apiUrl = /\/v2(?:\/|$)/.test(url.pathname) ? url.href : `${url.href.replace(/\/$/, "")}/v2`;
    const names = mirrored === null ? config.names.map(canonicalName) : [mirrored];
    this.isHub = (mirrored === null ? [url.host, ...names] : names).some(isHubName);
    this.names = new Set(this.isHub ? [...names, ...allHubNames] : names);
    this.fetch = config.fetch;
    this.plainHttpBlobs = config.plainHttpBlobs === true;
    this.fetchBlob = this.plainHttpBlobs
      ? (request, options) => config.fetch(request, { ...options, allowsPlainHttp: true })
      : config.fetch;
    this.idleTimeoutMs = config.idleTimeoutMs;
    this.#config = config;
    this.#mirrorOf = new HostPatterns(config.mirrorOf ?? []);
    this.#mirrored = mirrored;
    this.#allows = config.allow.length === 0 ? () => true : compileRules(config.allow);
    this.#denies = config.deny.length === 0 ? () => false : compileRules(config.deny);
  }

  /** Its name in the cache, the same for all of its names. */
  get ownName(): string {
    const [first] = this.names;
    return first ?? new URL(this.apiUrl).host;
  }

  /** True where it is asked for another registry's images. */
  get isMirror(): boolean {
    return this.#mirrored !== null;
  }

  /** The registries that it mirrors, by their names or patterns of them. */
  get mirrors(): readonly string[] {
    return this.#mirrorOf.texts;
  }

  /** Returns how closely it is configured as a mirror of the registry of this canonical name; null where it is not. */
  mirrorFit(name: string): HostFit | null {
    const fit = this.#mirrorOf.fit(name);
    return fit === "any" && !isDomainName(name) ? null : fit;
  }

  /** Returns this registry as a mirror of the one with this canonical name. */
  asMirrorOf(name: string): Registry {
    return new Registry(this.#config, name);
  }

  /** Returns the URL at which it has this content, named as the registry knows it: see `imageName`. */
  urlOf(content: Content): string {
    const path = formatPath(content);
    if (this.#mirrored === null) return `${this.apiUrl}${path}`;
    if (this.#config.mirrorForm !== "ns") return `${this.apiUrl}/${this.#mirrored}${path}`;
    return `${this.apiUrl}${path}${path.includes("?") ? "&" : "?"}ns=${encodeURIComponent(this.#mirrored)}`;
  }

  /** The registry's own name of an image: on Docker Hub, a name of one segment means an official image. */
  imageName(name: string): string {
    if (this.#config.bareOfficialImages) return name.replace(/^library\/(?=[^/]+$)/, "");
    return this.isHub && !name.includes("/") ? `library/${name}` : name;
  }

  /** Says whether the configuration permits an image, by the name that the registry knows it by. */
  permits(image: string): boolean {
    return this.#allows(image) && !this.#denies(image);
  }

  /** Describes the images that the configuration permits, for messages. */
  describePatterns(): string {
    const { allow, deny } = this.#config;
    const parts = [
      ...allow.length > 0 ? [`allow ${allow.join(", ")}`] : [],
      ...deny.length > 0 ? [`deny ${deny.join(", ")}`] : [],
    ];
    return `${this.ownName}: ${parts.join("; ")}`;
  }
}
