import type { Artifact, CachingPolicy, ForwardedRequest } from "../../artifact.ts";
import type { BackendRequest, DirectAnswer, Resolved } from "../../backend.ts";
import type { HeaderList } from "../../http/headers.ts";
import { withoutPrivate } from "./audit.ts";
import { jsonAnswer } from "./error_body.ts";
import { escapedName } from "./names.ts";
import type { Registries, Registry } from "./registries.ts";

export interface ServicesOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  readonly ttlMs: number;
  readonly registries: Registries;
}

type Rewriting = Pick<ForwardedRequest, "requestHeaders" | "rewriteBody">;

/** An application with thousands of packages asks with less than 1 MB. */
const maxAuditBytes = 16 * 1024 * 1024;

/** What a registry has besides packages. */
export class Services {
  readonly #options: ServicesOptions;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** The keys of the signatures of versions. */
  keys(): Resolved {
    return this.#document("/-/npm/v1/keys", [this.#options.registries.main]);
  }

  /** How a version was built, as its publisher and the registry attest. */
  attestations(name: string, version: string): Resolved {
    return this.#document(
      `/-/npm/v1/attestations/${escapedName(name)}@${version}`,
      this.#options.registries.of(name),
    );
  }

  /** The search, which is passed on: nothing of it is kept. One for a private scope goes to that scope's registry. */
  search({ query }: BackendRequest): Resolved {
    const { registries } = this.#options;
    const text = [...new URLSearchParams(query)].flat().join(" ").replace(/\bscope:@?/gi, "@");
    const registry = registries.privateIn(text) ?? registries.main;
    return this.#forward(registry, `/-/v1/search${query}`, { requestHeaders: [["accept", "application/json"]] });
  }

  /**
   * A question about vulnerabilities, which is passed on without the names of private packages. Offline nobody can
   * answer it: clients get an empty answer, and a notice that they print.
   */
  audit({ path, isBulk }: { readonly path: string; readonly isBulk: boolean }, { headers }: BackendRequest): Resolved {
    const { policy, registries } = this.#options;
    if (policy.offline) return { kind: "answer", answer: isBulk ? notAudited : notAuditedQuick };
    const coding = headers.get("content-encoding");
    const requestHeaders: HeaderList = ["content-type", "content-encoding", "accept"].flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const namesPrivate = (text: string) => registries.privateIn(text) !== null;
    const rewriteBody: Rewriting["rewriteBody"] = (body) =>
      withoutPrivate(body, { coding, maxBytes: maxAuditBytes, namesPrivate });
    return this.#forward(registries.main, path, { requestHeaders, ...registries.hasPrivate && { rewriteBody } });
  }

  #forward(registry: Registry, path: string, rest: Rewriting): Resolved {
    const { backend, policy: { offline } } = this.#options;
    const candidates = [registry.candidate(registry.url + path)] as const;
    return { kind: "forward", forwarded: { backend, candidates, maxBodyBytes: maxAuditBytes, offline, ...rest } };
  }

  /** A small document, as upstream has it. */
  #document(path: string, [first, ...others]: readonly [Registry, ...Registry[]]): Resolved {
    const { backend, policy, ttlMs } = this.#options;
    const artifact: Artifact = {
      backend,
      key: path,
      candidates: [first, ...others].map((registry) => registry.candidate(registry.url + path)),
      requestHeaders: [["accept", "application/json"]],
      freshness: { kind: "ttl", ttlMs },
      policy,
      failover: "absence",
      identity: { kind: "unknown" },
      webPages: "refused",
    };
    return { kind: "artifact", artifact };
  }
}

const notice: HeaderList = [
  ["npm-notice", "Not audited: this vault is offline, so that nobody was asked about vulnerabilities"],
];
const notAudited: DirectAnswer = jsonAnswer(200, {}, notice);
/** The older form has a report that clients count in. */
const notAuditedQuick: DirectAnswer = jsonAnswer(200, {
  actions: [],
  advisories: {},
  muted: [],
  metadata: {
    vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0 },
    dependencies: 0,
    devDependencies: 0,
    optionalDependencies: 0,
    totalDependencies: 0,
  },
}, notice);
