import type { CertificatePair } from "../key_files/pem_files.ts";
import type { Config } from "../config/schema.ts";
import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";
import { type Log, noLog } from "../observe/log.ts";
import { LastingServer } from "./lasting_server.ts";

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export interface ListenOptions {
  readonly config: Config;
  readonly tls: CertificatePair | null;
  readonly log?: Log;
  /** Called each time that no connection could be accepted. */
  readonly acceptFailed?: () => void;
  /** True where another process of this user may have the port: both accept connections. False when absent. */
  readonly besideOther?: boolean;
}

/** A server that accepts connections. */
export interface Listening {
  readonly server: LastingServer;
  /** The URL at which it can be reached: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Uses this certificate for later connections. Throws where that is not possible; then the old one stays in use. */
  renewTls(tls: CertificatePair): void;
}

/** Starts to accept connections. Throws where the address is not available, saying what to do. */
export function listen(handler: Handler, options: ListenOptions): Listening {
  const { config, tls, log = noLog, besideOther = false, acceptFailed } = options;
  const { http_host: hostname, http_port: port } = config;
  const serving = { hostname, onListen() {}, onError: cutOff, reusePort: sharesPort };
  let currentTls = tls;
  try {
    if (sharesPort && !besideOther) requireFree(hostname, port);
    const open = (port: number) => Deno.serve({ ...serving, ...currentTls, port }, handler);
    const server = new LastingServer({ open, port, sharesPort, log, ...acceptFailed && { acceptFailed } });
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return {
      server,
      url: `${tls === null ? "http" : "https"}://${host}:${server.addr.port}`,
      renewTls(tls) {
        if (currentTls?.cert === tls.cert && currentTls.key === tls.key) return;
        const previous = currentTls;
        currentTls = tls;
        try {
          server.reopen();
        } catch (error) {
          currentTls = previous;
          throw error;
        }
      },
    };
  } catch (error) {
    throw asPermissionMissing(error) ??
      new VaultError("internal", `Cannot listen on ${hostname}:${config.http_port}: ${reasonOf(error, config)}`, {
        cause: error,
      });
  }
}

/** Elsewhere two servers cannot have one port, or only one of them gets connections. */
const sharesPort = Deno.build.os === "linux";

/** Throws where another socket has the port. Without this, one that shares its port would get connections of ours. */
function requireFree(hostname: string, port: number): void {
  if (port !== 0) Deno.listen({ hostname, port }).close();
}

/**
 * Called for bodies that were interrupted, since handlers never throw. The log has them already; Deno would print their
 * stacks.
 */
function cutOff(): Response {
  return new Response(null, { status: 500 });
}

function reasonOf(error: unknown, { http_port, tls }: Config): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "the port is in use; stop the program that holds it, or choose another one with --port";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `ports below 1024 are for privileged users${http_port < 1024 ? "; choose another one with --port" : ""}`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address; choose one with --host";
  if (tls !== undefined && error instanceof Deno.errors.InvalidData) {
    return `"${tls.cert}" and "${tls.key}" are not a certificate and its key (${messageOf(error)})`;
  }
  return `${messageOf(error)}; choose another address with --host and --port`;
}
