import type { Fetch } from "../artifact.ts";
import type { BackendConfig, Config } from "../config/schema.ts";
import type { Log } from "../observe/log.ts";
import { createUpstreamClient, type UpstreamOptions } from "../upstream/client.ts";
import { type Egress, openEgress } from "../upstream/egress.ts";
import type { UpstreamHealth } from "../upstream/health.ts";

/** What is not the same for all upstreams of a backend. */
export type OwnOptions = Pick<
  UpstreamOptions,
  "credentials" | "headers" | "origins" | "trusted" | "retryRateLimited" | "onRateLimit"
>;

/** Makes clients that share their connections. */
export type CreateFetch = (options: OwnOptions) => Fetch;

export interface UpstreamsOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: UpstreamHealth;
  readonly version: string;
  /** What this vault calls itself in `Via`. */
  readonly viaName: string;
}

/** The ways out to all upstreams, each as its backend's configuration says. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #opened: Egress[] = [];

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  /** Opens connections that trust `ca`, PEM files, too. Throws `config_invalid` or `permission_missing`. */
  async connect(backend: BackendConfig, ca: readonly string[] = []): Promise<CreateFetch> {
    const { config, log, health, version, viaName } = this.#options;
    const options = backend.config;
    const authorities = [...config.ca ?? [], ...options.ca ?? [], ...ca];
    const proxy = options.proxy ?? config.proxy;
    const egress = openEgress({
      caCerts: await Promise.all(authorities.map((path) => Deno.readTextFile(path))),
      ...proxy !== undefined && { proxy },
    });
    this.#opened.push(egress);
    const common = {
      timeoutMs: options.timeout,
      retries: options.retries,
      userAgent: options.user_agent ?? `artifact-vault/${version}`,
      allowPrivateRedirects: options.allow_private_redirects,
      egress,
      ...{ health, viaName, log },
      ...proxy !== undefined && { proxy },
    };
    return (own) => createUpstreamClient({ ...common, ...own }).fetch;
  }

  /** Closes all connections; whatever is under way breaks. */
  close(): void {
    for (const egress of this.#opened) egress.close();
  }
}
