// @ts-types="npm:@types/picomatch@4.0.3"
import picomatch from "picomatch";
import type { Fetch } from "../artifact.ts";
import { allHubNames, canonicalName, isHubName } from "./oci_registry_name.ts";

/** A registry as it is configured. */
export interface OciRegistry {
  /** Its base URL; may have a path. Where that has `/v2` in it, names of images follow at once. */
  readonly url: string;
  /** The names clients ask for it by, in lower case: `host[:port]` and aliases; the first is its own in the cache. */
  readonly names: readonly string[];
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  /** Globs of image names, `**` across segments; empty for all. */
  readonly allow: readonly string[];
  /** Counts before `allow`. */
  readonly deny: readonly string[];
  /** Whether it has the Hub's official images without the `library/` before their names. */
  readonly bareOfficialImages?: boolean;
}

/**
 * A registry with the rules of Docker Hub, where it is that one or stands in for it by name, and those of its
 * configuration.
 */
export class Registry {
  /** What paths of the distribution API follow, with its version. */
  readonly apiUrl: string;
  readonly names: ReadonlySet<string>;
  readonly isHub: boolean;
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  readonly #config: OciRegistry;
  readonly #allows: (image: string) => boolean;
  readonly #denies: (image: string) => boolean;

  constructor(config: OciRegistry) {
    const url = new URL(config.url.replace(/\/+$/, ""));
    this.apiUrl = /\/v2(?:\/|$)/.test(url.pathname) ? url.href : `${url.href.replace(/\/$/, "")}/v2`;
    const names = config.names.map(canonicalName);
    this.isHub = [new URL(config.url).host, ...names].some(isHubName);
    this.names = new Set(this.isHub ? [...names, ...allHubNames] : names);
    this.fetch = config.fetch;
    this.idleTimeoutMs = config.idleTimeoutMs;
    this.#config = config;
    this.#allows = config.allow.length === 0 ? () => true : picomatch([...config.allow], { dot: true });
    this.#denies = config.deny.length === 0 ? () => false : picomatch([...config.deny], { dot: true });
  }

  /** The name for the cache, the same under whichever of its names it was asked for. */
  get ownName(): string {
    const [first] = this.names;
    return first ?? new URL(this.apiUrl).host;
  }

  /** The name it knows an image by: on Docker Hub, what has one segment is an official image. */
  imageName(name: string): string {
    if (this.#config.bareOfficialImages) return name.replace(/^library\/(?=[^/]+$)/, "");
    return this.isHub && !name.includes("/") ? `library/${name}` : name;
  }

  /** Whether the configuration lets an image through, by the name the registry knows it by. */
  permits(image: string): boolean {
    return this.#allows(image) && !this.#denies(image);
  }

  /** For messages: which images the configuration lets through. */
  describePatterns(): string {
    const { allow, deny } = this.#config;
    const parts = [
      ...allow.length > 0 ? [`allow ${allow.join(", ")}`] : [],
      ...deny.length > 0 ? [`deny ${deny.join(", ")}`] : [],
    ];
    return `${this.ownName}: ${parts.join("; ")}`;
  }
}
