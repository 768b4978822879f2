import type { Artifact } from "../../artifact.ts";
import type { Backend, BackendRequest, KeyRequest, OfflineMiss, Proxied, Resolved } from "../../backend.ts";
import type { Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import type { Digest } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import { Artifacts, type ArtifactsOptions } from "./artifacts.ts";
import { ServedReleases } from "./served_releases.ts";
import type { GenerationLog } from "../shared/generations/generation.ts";
import { ReadAhead } from "../shared/generations/read_ahead.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import { nullIfUnavailable } from "../shared/or_null.ts";
import { offlineMiss } from "./offline_miss.ts";
import { mayList, PackageDigests } from "./package_digests.ts";
import { createPackageParsers } from "./packages/parsers.ts";
import { proxyAdvice } from "./proxy_advice.ts";
import { createReleases, type Releases } from "./releases.ts";
import { encodePath, parseRequest, type RepositoryRequest } from "./request.ts";
import { Suites } from "./suites.ts";
import { type RepositoryLane, tasks } from "./tasks.ts";

export interface BackendOptions extends ArtifactsOptions {
  readonly prefix: string;
  readonly maxTransfers: number;
  /** Further URLs of the repository, which clients of the vault as a proxy may name. */
  readonly aliases: readonly string[];
  readonly log: GenerationLog;
  /** The time that a client waits for a new release to be whole, before it gets the old one. */
  readonly patienceMs?: number;
}

type Asked<Kind extends RepositoryRequest["kind"]> = Extract<RepositoryRequest, { kind: Kind }>;

/** Of a release and an index of patches, so much is parsed in a few milliseconds. */
const smallBytes = 1024 * 1024;

function createPdiffParser(lane: RepositoryLane): Parser<ReadonlyMap<string, Digest>> {
  return {
    name: "apt pdiff index",
    maxBytes: 16 * 1024 * 1024,
    parse: (body) => lane.run({ name: "readPatches", bodies: [body], options: null, coding: "identity" }),
    sizeOf: ({ size }) => size * 200,
  };
}

/** A repository of Debian packages. */
export function createBackend(options: BackendOptions): Backend {
  return new AptBackend(options);
}

class AptBackend implements Backend {
  readonly type = "apt";
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly proxied: Proxied;
  readonly #artifacts: Artifacts;
  readonly #releases: Releases;
  readonly #served = new ServedReleases();
  readonly #suites: Suites;
  readonly #digests: PackageDigests;
  readonly #pdiffParser: Parser<ReadonlyMap<string, Digest>>;

  constructor(options: BackendOptions) {
    this.name = options.name;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.proxied = { urls: [...options.mirrors, ...options.aliases], advice: proxyAdvice };
    const parserOf = createPackageParsers((message) => options.log.warning(message));
    const artifacts = this.#artifacts = new Artifacts(options, parserOf);
    const readAhead = new ReadAhead();
    // They do not wait for lists of packages, which take longer.
    const lane = new TaskLane(tasks, { smallBytes });
    this.#pdiffParser = createPdiffParser(lane);
    const releases = this.#releases = createReleases({ patienceMs: 20_000, ...options, artifacts, lane, readAhead });
    this.#suites = new Suites({ name: this.name, artifacts, releases, served: this.#served, readAhead });
    this.#digests = new PackageDigests(artifacts, parserOf);
  }

  requestsOf(key: string): KeyRequest[] {
    // Copies of a release have something behind its path.
    return [{ target: encodePath(key.replace(/;.*$/, "")) }];
  }

  offlineMiss({ path }: BackendRequest): OfflineMiss {
    return offlineMiss(path, this.name);
  }

  async resolve(request: BackendRequest, vault: VaultReader): Promise<Resolved> {
    const { path, query, client } = request;
    if (query !== "") throw new VaultError("bad_request", "The paths of a repository have no query");
    const asked = parseRequest(path);
    switch (asked.kind) {
      case "release":
        return await this.#release(asked, request, vault);
      case "by_hash":
        return resolved(
          await this.#suites.byDigest(asked, client, vault) ?? this.#artifacts.byHash(asked.folder, asked.digest),
        );
      case "patch":
        return resolved(this.#patch(asked, request, vault));
      case "package":
        return resolved(await this.#package(asked, vault));
      case "other":
        return resolved(await this.#index(asked.path, request, vault));
    }
  }

  async #release(
    { path, suite, name }: Asked<"release">,
    request: BackendRequest,
    vault: VaultReader,
  ): Promise<Resolved> {
    const { client } = request;
    if (name === "Release.gpg") return resolved(await this.#signature(suite, request, vault));
    // A Release that a release lists describes a part of it: `main/binary-amd64/Release`.
    const listed = name === "Release" ? await this.#suites.index(path, client, vault) : null;
    if (listed !== null) return resolved(listed);
    const read = await this.#releases.current(path, vault).catch((error) => {
      throw name === "InRelease" && this.#releases.holds(`${suite}/Release`, vault) ? hasReleaseOnly(path) : error;
    });
    const { value: { bytes }, sha256, source } = read;
    this.#served.remember(client, { suite, path, sha256 });
    this.#suites.saw(suite);
    const headers = this.#releases.hasTwin(path, read) ? undated(read.headers) : read.headers;
    return { kind: "document", document: { headers, bytes, source } };
  }

  /** The signature of the Release that the client was served. */
  async #signature(suite: string, { client }: BackendRequest, vault: VaultReader): Promise<Artifact> {
    const path = `${suite}/Release`;
    const given = this.#served.lastServed(client, path) ?? (await this.#releases.current(path, vault)).sha256;
    const own = this.#artifacts.signature(path, given);
    if (vault.holds(own)) return own;
    const { sha256 } = await this.#releases.current(path, vault);
    if (sha256 === given) return this.#artifacts.latestSignature(path);
    throw new VaultError("not_found", `There is no signature of the "${path}" that this client was given`);
  }

  /** Returns an index: by its digest where a release lists it, otherwise as the mirror has it. */
  async #index(path: string, { client }: BackendRequest, vault: VaultReader): Promise<Artifact> {
    return await this.#suites.index(path, client, vault) ?? this.#artifacts.changing(path);
  }

  /** A patch, whose digest is in an index of patches. */
  #patch({ path, index, name }: Asked<"patch">, request: BackendRequest, vault: VaultReader): Artifact {
    return this.#artifacts.lasting(path, {
      cachedDigest: () => Promise.resolve(null),
      find: async () => {
        const patches = await nullIfUnavailable(
          vault.read(await this.#index(index, request, vault), this.#pdiffParser),
        );
        return { digest: patches?.value.get(name) ?? null };
      },
    });
  }

  /**
   * Returns a package. Each copy has to have the digest that the lists of packages name. A package of a repository
   * without a release, or without a version in its name, may change although no list says so.
   */
  async #package({ path, versioned }: Asked<"package">, vault: VaultReader): Promise<Artifact> {
    const generations = await nullIfUnavailable(this.#suites.adopted(vault)) ?? [];
    const lasts = versioned && generations.some(({ suite }) => mayList(suite, path));
    const find = () => this.#digests.find(path, generations, vault);
    const listing = { cachedDigest: find, find: async () => ({ digest: await find() }) };
    const artifact = this.#artifacts.lasting(path, listing);
    return lasts ? artifact : { ...artifact, freshness: this.#artifacts.changing(path).freshness };
  }
}

function resolved(artifact: Artifact): Resolved {
  return { kind: "artifact", artifact };
}

/** Drops Last-Modified, by which apt recognises its copy: another release has the same. */
function undated(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name !== "last-modified");
}

/**
 * Returns the 404 for a missing InRelease where upstream cannot be asked: only after a 404 does apt ask for the
 * Release, which is cached.
 */
function hasReleaseOnly(path: string): VaultError {
  return new VaultError("not_found", `"${path}" was never there, as far as is known: there is a Release beside it`);
}
