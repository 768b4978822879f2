import type { Fetch } from "../../artifact.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { isOnline } from "../../config/upstreams.ts";
import type { Log } from "../../observe/log.ts";
import { createUpstreamClient, type UpstreamOptions } from "../../upstream/client.ts";
import type { EgressOptions } from "../../upstream/egress.ts";
import type { UpstreamHealth } from "../../upstream/health.ts";
import { type CertificatePair, readCertificatePair, readPem } from "../../key_files/pem_files.ts";
import { RenewableEgress } from "./renewable_egress.ts";

/** The options that differ between the upstreams of a backend. */
export type OwnOptions = Pick<
  UpstreamOptions,
  "credentials" | "headers" | "origins" | "trusted" | "retryRateLimited" | "wrap"
>;

/** Makes a client. All of its clients share their connections. */
export type CreateFetch = (options: OwnOptions) => Fetch;

export interface UpstreamsOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: UpstreamHealth;
  readonly version: string;
  /** The name of this vault in `Via`. */
  readonly viaName: string;
  /** Answers every request in place of the network, without credentials, redirects and retries. */
  readonly transport?: Fetch | undefined;
}

/** The certificates that one of a backend's upstreams may have of its own; paths of PEM files. */
export interface OwnCertificates {
  /** Authorities to trust besides the backend's. */
  readonly ca?: readonly string[] | undefined;
  /** Replaces the backend's certificate; null for none. */
  readonly client_certificate?: CertificatePair | null | undefined;
}

/** The connections to all upstreams, opened as the configuration of their backends says. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #opened: RenewableEgress[] = [];

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  /** False where nothing leaves this process, so that no credentials are needed. */
  get reachNetwork(): boolean {
    return this.#options.transport === undefined;
  }

  /**
   * Opens connections to one upstream of a backend. Throws `config_invalid`, `storage_failed` or `permission_missing`.
   */
  async connect(backend: BackendConfig, own: OwnCertificates = {}): Promise<CreateFetch> {
    const { config, log, health, version, viaName, transport } = this.#options;
    if (transport !== undefined) return ({ wrap }) => wrap === undefined ? transport : wrap(transport);
    const options = backend.config;
    const proxy = options.proxy ?? config.proxy;
    const read = async (): Promise<EgressOptions> => ({
      caCerts: await readAuthorities([...config.ca ?? [], ...options.ca ?? [], ...own.ca ?? []]),
      ...proxy !== undefined && { proxy },
    });
    const { client_certificate: paths = options.client_certificate ?? null } = own;
    const ownEgress = paths !== null && isOnline(backend, config) && await this.#open(async () => ({
      ...await read(),
      certificate: await readCertificatePair(paths, "client_certificate"),
    }));
    const common = {
      timeoutMs: options.timeout,
      retries: options.retries,
      userAgent: options.user_agent ?? `artifact-vault/${version}`,
      allowPrivateRedirects: options.allow_private_redirects,
      egress: await this.#open(read),
      ...ownEgress && { ownEgress },
      health,
      viaName,
      log,
      ...proxy !== undefined && { proxy },
    };
    return (own) => createUpstreamClient({ ...common, ...own }).fetch;
  }

  /** Reads all certificates again, for later requests. Throws where one cannot be read, once all others are. */
  async renewCertificates(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#opened.map((egress) => egress.renew()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Closes all connections, and so interrupts requests under way. */
  close(): void {
    for (const egress of this.#opened) egress.close();
  }

  async #open(read: () => Promise<EgressOptions>): Promise<RenewableEgress> {
    const egress = await RenewableEgress.open(read);
    this.#opened.push(egress);
    return egress;
  }
}

function readAuthorities(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => readPem(path, { key: "ca", marker: "CERTIFICATE" })));
}
