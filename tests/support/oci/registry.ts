import { freePort } from "../free_port.ts";
import { privateEnvironment } from "../run_command.ts";
import { ServerProcess } from "../server_process.ts";
import { started } from "../started.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

/** How a registry gets its clients' tokens; see `TokenServer.auth`. */
export interface TokenAuth {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Path of the PEM certificates that tokens must be signed under. */
  readonly rootcertbundle: string;
}

export interface RegistryOptions {
  /** Where it keeps its data. Several registries may share it: one open for pushing, one closed for pulling. */
  readonly storage?: string;
  /** `basic` wants `registryUser`; nothing lets everybody in. */
  readonly auth?: "basic" | TokenAuth;
  /** Makes it a pull-through cache of the registry with this URL. */
  readonly proxyOf?: string;
}

/** Whom registries with `auth: "basic"` know. */
export const registryUser = { username: "frodo", password: "mellon" };

/** bcrypt, the only form of password the registry takes. */
const htpasswd = "frodo:$2b$05$abcdefghijklmnopqrstuu6AYg8TBMpoOsUpNtr/JDtihIYuHu4yq\n";

/**
 * A real registry (distribution, as Debian packages it) on 127.0.0.1. It keeps its port and data over `stop` and
 * `start`.
 */
export class Registry implements AsyncDisposable {
  readonly port = freePort();
  /** Its data, below `docker/registry/v2`. */
  readonly storage: string;
  readonly #directory: TempDir;
  #process: ServerProcess | null = null;

  constructor(directory: TempDir, options: RegistryOptions) {
    this.#directory = directory;
    this.storage = options.storage ?? directory.join("storage");
    Deno.writeTextFileSync(directory.join("htpasswd"), htpasswd);
    const configuration = configurationOf(this.port, this.storage, directory.join("htpasswd"), options);
    Deno.writeTextFileSync(directory.join("config.yml"), JSON.stringify(configuration));
  }

  /** Without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its process, to measure it; null while it is stopped. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  async start(): Promise<void> {
    const command = ["docker-registry", "serve", this.#directory.join("config.yml")];
    this.#process = new ServerProcess(command, { env: privateEnvironment(), clearEnv: true });
    await this.#process.waitForLine(/listening on 127\.0\.0\.1/);
  }

  async stop(): Promise<void> {
    await this.#process?.stop("SIGTERM");
    this.#process = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }
}

/** Starts a registry; the caller disposes of it. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  return await started(new Registry(await createTempDir("vault-registry-"), options));
}

/** The configuration file, as JSON, which is YAML too. */
function configurationOf(port: number, storage: string, htpasswdPath: string, options: RegistryOptions): unknown {
  const { auth, proxyOf } = options;
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "throw-away" },
    // Manifests may name layers that are elsewhere (foreign layers).
    validation: { manifests: { urls: { allow: ["^https?://"] } } },
    ...auth === "basic" && { auth: { htpasswd: { realm: "tests", path: htpasswdPath } } },
    ...typeof auth === "object" && { auth: { token: auth } },
    ...proxyOf !== undefined && { proxy: { remoteurl: proxyOf } },
  };
}
