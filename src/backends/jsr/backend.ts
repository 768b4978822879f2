import type { Artifact, CachingPolicy, Fetch } from "../../artifact.ts";
import type { Backend, BackendRequest, Resolved } from "../../backend.ts";
import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import { FileTable } from "../shared/listings/file_table.ts";
import { listingOf, readsOf } from "../shared/listings/find_listed.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import { parseRequest } from "./request.ts";
import { maxDocumentBytes, tasks } from "./tasks.ts";

export interface BackendOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** The time for which the list of a package's versions is fresh. */
  readonly ttlMs: number;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
}

/** JSR's registry of modules. What it sends is passed on byte for byte: lock files have digests of it. */
export function createBackend(options: BackendOptions): Backend {
  const { name: backend, prefix, maxTransfers, policy, ttlMs, baseUrl, fetch, idleTimeoutMs } = options;
  const lane = new TaskLane(tasks);
  const files: Parser<FileTable> = {
    name: `jsr files ${backend}`,
    maxBytes: maxDocumentBytes,
    parse: async (body) => new FileTable(await lane.run({ name: "parseManifest", bodies: [body], options: null })),
    sizeOf: ({ sizeBytes }) => sizeBytes,
  };
  const versions: Parser<null> = {
    name: `jsr versions ${backend}`,
    maxBytes: maxDocumentBytes,
    parse: (body) => lane.run({ name: "checkVersions", bodies: [body], options: null }),
    sizeOf: () => 0,
  };

  function artifactOf(path: string): Artifact {
    return {
      backend,
      key: path,
      candidates: [{ url: baseUrl + path, fetch, idleTimeoutMs }],
      // To a browser JSR sends pages about modules.
      requestHeaders: [["accept", "*/*"]],
      freshness: { kind: "immutable" },
      policy,
      failover: "any_failure",
      identity: { kind: "unknown" },
      webPages: "refused",
    };
  }

  function moduleOf(
    path: string,
    { manifest, file }: { manifest: string; file: string },
    vault: VaultReader,
  ): Artifact {
    const document: Artifact = { ...artifactOf(manifest), document: { check: files } };
    const listing = listingOf([{
      name: `files of ${manifest}`,
      ...readsOf(document, files, vault),
      find: ({ value }) => {
        const found = (value as FileTable).find(encodeURI(file));
        return found && { digest: found.digest };
      },
    }], file);
    return { ...artifactOf(path), identity: { kind: "listed", listing } };
  }

  function resolve({ path, base }: BackendRequest, vault: VaultReader): Resolved {
    const asked = parseRequest(path);
    switch (asked.kind) {
      case "package": {
        const artifact: Artifact = {
          ...artifactOf(path),
          freshness: { kind: "ttl", ttlMs },
          document: { check: versions },
        };
        return { kind: "artifact", artifact };
      }
      case "version":
        return { kind: "artifact", artifact: { ...artifactOf(path), document: { check: files } } };
      case "module":
        return { kind: "artifact", artifact: moduleOf(path, asked, vault) };
      case "unknown":
        throw new VaultError(
          "unknown_route",
          `"${base}${path}" means nothing to JSR: it has /@SCOPE/PACKAGE/meta.json, /VERSION_meta.json and /VERSION/FILE`,
        );
    }
  }

  return { name: backend, type: "jsr", prefix, maxTransfers, resolve };
}
