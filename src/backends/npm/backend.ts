import type { CachingPolicy } from "../../artifact.ts";
import type { Backend, BackendRequest, DirectAnswer, KeyRequest, OfflineMiss, Resolved } from "../../backend.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import { CachedTarballs } from "./cached_tarballs.ts";
import { formatError, jsonAnswer } from "./error_body.ts";
import { KnownDigests } from "./known_digests.ts";
import { offlineMiss } from "./offline_miss.ts";
import { PackumentAnswers, type TarballUrls } from "./packument_answer.ts";
import { PackumentReader } from "./packument_reader.ts";
import { Registries, type RegistriesOptions } from "./registries.ts";
import { type MinAge, ReleaseAge } from "./release_age.ts";
import { parseRequest } from "./request.ts";
import { Services } from "./services.ts";
import { Tarballs } from "./tarballs.ts";
import { tasks } from "./tasks.ts";

export interface BackendOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** The time for which documents about packages are fresh. */
  readonly ttlMs: number;
  /** Null where versions of any age are shown. */
  readonly minAge: MinAge | null;
  readonly tarballUrls: TarballUrls;
  readonly registries: RegistriesOptions;
  /** True where lists for `warm` mean this backend when they name none. */
  readonly isDefault: boolean;
  /** True where documents show only what the cache can deliver, since no registry is asked. */
  readonly hidesUncached: boolean;
  readonly warn: (message: string) => void;
}

/** A registry of npm packages. */
export function createBackend(options: BackendOptions): Backend {
  return new NpmBackend(options);
}

class NpmBackend implements Backend {
  readonly type = "npm";
  readonly methods = ["POST"];
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly #isDefault: boolean;
  readonly #answers: PackumentAnswers;
  readonly #tarballs: Tarballs;
  readonly #services: Services;

  constructor(options: BackendOptions) {
    const { name: backend, policy, ttlMs, minAge, tarballUrls, hidesUncached, warn } = options;
    this.name = backend;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#isDefault = options.isDefault;
    const registries = new Registries(options.registries);
    const known = new KnownDigests();
    const lane = new TaskLane(tasks, { keepsThread: true });
    const common = { backend, policy, ttlMs, registries };
    const packuments = new PackumentReader({ ...common, minAgeMs: minAge?.ms ?? null, lane, known });
    const ages = new ReleaseAge(minAge, warn);
    const cached = hidesUncached ? new CachedTarballs({ backend, policy }) : null;
    this.#answers = new PackumentAnswers({ ...common, tarballUrls, packuments, ages, cached });
    this.#tarballs = new Tarballs({ ...common, packuments, known, ages, warn });
    this.#services = new Services(common);
  }

  requestsOf(key: string): KeyRequest[] {
    // What is made of a document has a part behind its path.
    return [{ target: key.replace(/;.*$/, "") }];
  }

  offlineMiss({ path }: BackendRequest): OfflineMiss {
    return offlineMiss(path, this.#isDefault ? null : this.name);
  }

  formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
    return formatError(error, request);
  }

  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved> {
    const { method = "GET", path } = request;
    const asked = parseRequest(path);
    if ((method === "POST") !== (asked.kind === "audit")) {
      throw new VaultError("method_not_allowed", `${method} is not supported here`);
    }
    switch (asked.kind) {
      case "packument":
        return this.#answers.document(asked.name, request, vault);
      case "version":
        return this.#answers.part(asked.name, asked, { request, vault });
      case "dist_tags":
        return this.#answers.part(asked.name, { kind: "dist_tags" }, { request, vault });
      case "tarball":
        return this.#tarballs.resolve(asked, vault);
      case "keys":
        return this.#services.keys();
      case "attestations":
        return this.#services.attestations(asked.name, asked.version);
      case "search":
        return this.#services.search(request);
      case "audit":
        return this.#services.audit(asked, request);
      case "ping":
        return { kind: "answer", answer: jsonAnswer(200, {}) };
      case "account":
        return { kind: "answer", answer: needsAccount };
      case "unknown":
        throw new VaultError(
          "unknown_route",
          `"${request.base}${path}" means nothing to a registry: it has /PACKAGE, /PACKAGE/VERSION and /PACKAGE/-/FILE.tgz`,
        );
    }
  }
}

const needsAccount = jsonAnswer(401, {
  error: "There are no accounts here: this is a cache that only reads. Ask the registry itself, with --registry",
});
