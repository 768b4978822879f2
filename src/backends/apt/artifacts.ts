import type { Artifact, CachingPolicy, Candidate, Fetch, Listing } from "../../artifact.ts";
import type { Parser } from "../../document.ts";
import type { Digest } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { RootCopy } from "../shared/generations/generation.ts";
import type { PackageParsers } from "./packages/parsers.ts";
import type { Release } from "./release.ts";
import { byHashPath, encodePath, splitPath } from "./request.ts";

export interface ArtifactsOptions {
  readonly name: string;
  /** URLs of the same repository, in the order they are tried; without a slash at their ends. */
  readonly mirrors: readonly string[];
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  readonly policy: CachingPolicy;
  /** The time for which files that may change are fresh. */
  readonly ttlMs: number;
}

/** The prefix of the keys of adopted releases, by which they are found without reading the whole cache. */
export const adoptedPrefix = "/;releases/";

/**
 * The header that apt itself sends: a proxy on the way to a mirror must not answer with a release or an index of
 * yesterday.
 */
const askMirror: HeaderList = [["cache-control", "max-age=0"]];

/** Checks that a body is a signature by its form (RFC 9580 §4.2, §6.2); only clients can verify it. */
const signatureCheck: Parser<void> = {
  name: "apt signature",
  maxBytes: 1024 * 1024,
  async parse(body) {
    const bytes = await body.bytes();
    const isPacket = (bytes[0] ?? 0) >= 0x80;
    if (isPacket || new TextDecoder().decode(bytes).includes("-----BEGIN PGP SIGNATURE-----")) return;
    throw new VaultError("upstream_failed", `"${body.url}" is no signature`);
  },
  sizeOf: () => 0,
};

/** The artifacts of a repository. Paths are percent-decoded and begin with a slash. */
export class Artifacts {
  readonly #options: ArtifactsOptions;
  readonly #parserOf: PackageParsers;
  /**
   * The policy for files of which an absence must not be remembered: they are missing while a mirror is being synced.
   */
  readonly #forgetful: CachingPolicy;

  constructor(options: ArtifactsOptions, parserOf: PackageParsers) {
    this.#options = options;
    this.#parserOf = parserOf;
    const { policy, ttlMs } = options;
    this.#forgetful = { ...policy, negativeTtlMs: Math.min(policy.negativeTtlMs, ttlMs) };
  }

  /** Returns a file that may change at any time. */
  changing(path: string): Artifact {
    const { ttlMs } = this.#options;
    return this.#artifact(path, [path], {
      freshness: { kind: "ttl", ttlMs },
      requestHeaders: askMirror,
      policy: this.#forgetful,
    });
  }

  /** Returns a file that never changes under its name. */
  lasting(path: string, listing: Listing): Artifact {
    return this.#artifact(path, [path], { identity: { kind: "listed", listing } });
  }

  /** The InRelease or Release at `path`; only the latest copy is ever requested upstream. */
  release(path: string, copy: RootCopy): Artifact {
    const latest: Artifact = { ...this.changing(path), webPages: "refused" };
    const keys = {
      latest: `${path};latest`,
      next: `${path};next`,
      adopted: adoptedPrefix + path.slice(1),
      former: path,
    };
    const artifact = { ...latest, key: keys[copy] };
    return copy === "latest" ? artifact : { ...artifact, freshness: { kind: "immutable" } };
  }

  /** The signature of the Release at `path`, as upstream has it now. */
  latestSignature(path: string): Artifact {
    return { ...this.changing(`${path}.gpg`), document: { check: signatureCheck } };
  }

  /** The signature that belongs to the Release of this digest at `path`. */
  signature(path: string, releaseSha256: string): Artifact {
    const latest = this.latestSignature(path);
    return { ...latest, key: `${latest.key};of=${releaseSha256}`, freshness: { kind: "immutable" } };
  }

  /**
   * An index that a release lists: by its digest, so that no other bytes are accepted. A list of packages is parsed as
   * soon as it is stored, since its clients request packages next.
   */
  index(suite: string, release: Release, listed: string): Artifact {
    const path = `${suite}/${listed}`;
    const { digest } = release.files.get(listed)!;
    const byHash = byHashPath(splitPath(path).folder, digest);
    const ahead = /(?:^|\/)Packages(?:\.|$)/.test(listed) ? this.#parserOf(listed) : null;
    return {
      ...this.#index(byHash, release.acquireByHash ? [byHash, path] : [path], digest),
      ...ahead && { document: { ahead } },
    };
  }

  /** An index that only its digest identifies. */
  byHash(folder: string, digest: Digest): Artifact {
    const path = byHashPath(folder, digest);
    return this.#index(path, [path], digest);
  }

  #index(key: string, paths: readonly string[], digest: Digest): Artifact {
    return this.#artifact(key, paths, {
      identity: { kind: "digest", digest, reuse: "never" },
      requestHeaders: askMirror,
      policy: this.#forgetful,
    });
  }

  /** All mirrors are asked for the first path before one is asked for the second. */
  #artifact(key: string, paths: readonly string[], more: Partial<Artifact>): Artifact {
    const { name, mirrors, fetch, idleTimeoutMs, policy } = this.#options;
    const candidates = paths.flatMap((path) =>
      mirrors.map((mirror): Candidate => ({ url: mirror + encodePath(path), fetch, idleTimeoutMs }))
    );
    return {
      backend: name,
      key,
      candidates,
      requestHeaders: [],
      freshness: { kind: "immutable" },
      policy,
      failover: "any_failure",
      identity: { kind: "unknown" },
      ...more,
    };
  }
}
