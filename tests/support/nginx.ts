import { canConnect } from "./can_connect.ts";
import { createTempDir, type TempDir } from "./temp_dir.ts";
import { freePort } from "./free_port.ts";
import { ServerProcess } from "./server_process.ts";
import { waitUntil } from "./wait_until.ts";

/** One line of the access log: what nginx was asked and what it sent. */
export interface NginxRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly uri: string;
  readonly status: number;
  /** Of the body, as far as it was sent. */
  readonly bytes: number;
  /** The request's Range header, or empty. */
  readonly range: string;
  readonly ifRange: string;
}

export interface NginxOptions {
  /**
   * The folder it serves. `/rate/<size>/<path>` serves the same files at that many bytes per second and connection,
   * `/unsized/<path>` chunked, without a length, validator or ranges.
   */
  readonly root: string;
  /** More directives for the server block. */
  readonly server?: string;
  /** More directives for the http block. */
  readonly http?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Any that is free without it. */
  readonly port?: number;
}

const syncPath = "/.log-is-written";

/** A real nginx on 127.0.0.1 with one worker. It keeps its port when it is stopped and started again. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  readonly #directory: TempDir;
  readonly #scheme: string;
  #process: ServerProcess | null = null;

  constructor(directory: TempDir, options: NginxOptions) {
    this.port = options.port ?? freePort();
    this.#directory = directory;
    this.#scheme = options.tls ? "https" : "http";
    Deno.writeTextFileSync(directory.join("nginx.conf"), configuration(directory.path, this.port, options));
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** The master's pid and its workers'. */
  get pids(): number[] {
    const master = this.#process?.pid;
    if (master === undefined) return [];
    const workers = Deno.readTextFileSync(`/proc/${master}/task/${master}/children`).trim().split(" ");
    return [master, ...workers.filter((pid) => pid !== "").map(Number)];
  }

  async start(): Promise<void> {
    const process = new ServerProcess(["nginx", "-c", this.#directory.join("nginx.conf"), "-p", this.#directory.path]);
    this.#process = process;
    await waitUntil("nginx accepts connections", async () => {
      if (!process.running) throw new Error(`nginx ended:\n${process.output}`);
      return await canConnect(this.port);
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop("SIGTERM");
    this.#process = null;
  }

  /** All requests that have ended so far. One that is still being answered is not among them. */
  async requests(): Promise<NginxRequest[]> {
    if (this.#process) await this.#waitForLog();
    const lines = Deno.readTextFileSync(this.#directory.join("access.log")).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as NginxRequest).filter((request) => request.uri !== syncPath);
  }

  /** Forgets the requests so far. */
  async clearRequests(): Promise<void> {
    if (this.#process) await this.#waitForLog();
    Deno.truncateSync(this.#directory.join("access.log"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }

  /**
   * The one worker logs a request before it reads the next: once this one is answered, all that had ended are in the
   * log.
   */
  async #waitForLog(): Promise<void> {
    if (this.#scheme === "https") return;
    await (await fetch(this.url + syncPath)).body?.cancel();
  }
}

/** Starts nginx; the caller disposes of it. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const nginx = new Nginx(await createTempDir("vault-nginx-"), options);
  try {
    await nginx.start();
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
  return nginx;
}

function configuration(directory: string, port: number, options: NginxOptions): string {
  const tls = options.tls ? `ssl_certificate ${options.tls.cert}; ssl_certificate_key ${options.tls.key};` : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ");
  return `${userDirective()}
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 4096; }
http {
  ${temporary}
  sendfile on;
  keepalive_requests 1000000;
  types { text/plain txt; application/gzip gz; }
  default_type application/octet-stream;
  log_format requests escape=json '{"method":"$request_method","uri":"$request_uri","status":$status,'
    '"bytes":$body_bytes_sent,"range":"$http_range","ifRange":"$http_if_range"}';
  access_log ${directory}/access.log requests;
  ${options.http ?? ""}
  server {
    listen 127.0.0.1:${port} ${options.tls ? "ssl" : ""} backlog=1024;
    ${tls}
    root ${options.root};
    location = ${syncPath} { return 204; }
    location ~ ^/rate/(\\w+)/(.+)$ { limit_rate $1; alias ${options.root}/$2; }
    location /unsized/ { ssi on; ssi_types *; alias ${options.root}/; }
    ${options.server ?? ""}
  }
}
`;
}

/** A worker of a root-owned nginx would otherwise be a user that may not read a test's directory. */
function userDirective(): string {
  return Deno.uid() === 0 ? "user root;" : "";
}
