import type { Artifact, CachingPolicy } from "../../artifact.ts";
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

  /** The search, which is passed on: nothing of it is kept. */
  search({ query }: BackendRequest): Resolved {
    const { main } = this.#options.registries;
    return this.#forward(`${main.url}/-/v1/search${query}`, [["accept", "application/json"]]);
  }

  /**
   * A question about vulnerabilities, which is passed on without the names of private packages. Offline nobody can
   * answer it: clients get an empty answer, and a notice that they print.
   */
  audit({ path, isBulk }: { readonly path: string; readonly isBulk: boolean }, { headers }: BackendRequest): Resolved {
    const { policy, registries } = this.#options;
    if (policy.offline) return { kind: "answer", answer: isBulk ? notAudited : notAuditedQuick };
    const coding = headers.get("content-encoding");
    const sent: HeaderList = ["content-type", "content-encoding", "accept"].flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return this.#forward(
      registries.main.url + path,
      sent,
      registries.hasPrivate
        ? (body) =>
          withoutPrivate(body, {
            coding,
            maxBytes: maxAuditBytes,
            isPrivate: (name) => registries.isPrivate(name),
          })
        : null,
    );
  }

  #forward(
    url: string,
    requestHeaders: HeaderList,
    rewriteBody: ((body: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | null = null,
  ): Resolved {
    const { backend, policy: { offline }, registries } = this.#options;
    return {
      kind: "forward",
      forwarded: {
        backend,
        candidates: [registries.main.candidate(url)],
        requestHeaders,
        maxBodyBytes: maxAuditBytes,
        offline,
        ...rewriteBody && { rewriteBody },
      },
    };
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
