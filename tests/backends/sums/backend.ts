import type { Artifact, CachingPolicy, Fetch, Freshness, Identity, ListedFile } from "../../../src/artifact.ts";
import type { Backend, BackendRequest, Resolved } from "../../../src/backend.ts";
import { type Digest, parseDigest } from "../../../src/digest.ts";
import { type ListingDocument, listingOf, readsOf } from "../../../src/backends/shared/listings/find_listed.ts";
import type { Parsed, Parser } from "../../../src/document.ts";
import { VaultError } from "../../../src/errors.ts";
import type { VaultReader } from "../../../src/reader.ts";

export interface SumsOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  readonly ttlMs: number;
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
}

/** The digests of a folder's files by their names, as `sha256sum` writes them into `SHA256SUMS`. */
const listParser: Parser<ReadonlyMap<string, Digest>> = {
  name: "SHA256SUMS",
  maxBytes: 1 << 20,
  async parse(body) {
    const lines = new TextDecoder().decode(await body.bytes()).split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => {
      const [, hex, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (hex === undefined) throw new VaultError("upstream_failed", `"${body.url}" is no list of digests`);
      return [name!, parseDigest(`sha256:${hex}`)];
    }));
  },
  sizeOf: (digests) => 200 * digests.size,
};

/** Serves lists as they come, and files as their folder's list has them. */
export function createBackend(options: SumsOptions): Backend {
  const { name, prefix, maxTransfers, policy, ttlMs, baseUrl, fetch, idleTimeoutMs } = options;
  const ttl: Freshness = { kind: "ttl", ttlMs };
  const immutable: Freshness = { kind: "immutable" };

  function artifactAt(path: string, { freshness, identity }: Pick<Artifact, "freshness" | "identity">): Artifact {
    const candidates = [{ url: baseUrl + path, fetch, idleTimeoutMs }];
    return {
      backend: name,
      key: path,
      candidates,
      requestHeaders: [],
      freshness,
      policy,
      failover: "absence",
      identity,
    };
  }

  function listAt(folder: string, freshness: Freshness): Artifact {
    const list = artifactAt(`${folder}/SHA256SUMS`, { freshness, identity: { kind: "unknown" } });
    return { ...list, document: { check: listParser } };
  }

  function listed(folder: string, file: string, vault: VaultReader): Identity {
    const document: ListingDocument<Parsed<ReadonlyMap<string, Digest>>, ListedFile> = {
      name: `"${folder}/SHA256SUMS"`,
      ...readsOf(listAt(folder, ttl), listParser, vault),
      find: ({ value }) => value.has(file) ? { digest: value.get(file)! } : null,
    };
    return { kind: "listed", listing: listingOf([document], `${folder}/${file}`) };
  }

  function resolve({ path }: BackendRequest, vault: VaultReader): Resolved {
    const [, folder, file] = /^((?:\/[\w.-]+)+)\/([\w.-]+)$/.exec(path) ?? [];
    if (folder === undefined || file === undefined) throw new VaultError("unknown_route", `"${path}" is no file`);
    if (file === "SHA256SUMS") return { kind: "artifact", artifact: listAt(folder, ttl) };
    const identity = listed(folder, file, vault);
    return { kind: "artifact", artifact: artifactAt(path, { freshness: immutable, identity }) };
  }

  return { name, type: "sums", prefix, maxTransfers, resolve };
}
