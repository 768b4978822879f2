import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { messageOf, VaultError } from "../errors.ts";
import { hostNamesOf } from "../key_files/certificate.ts";
import { readPem } from "../key_files/pem_files.ts";
import type { Action, OptionValues } from "./command.ts";
import { addressOptions, configOptions, loadOptionsOf } from "./config_options.ts";
import { findServer } from "./control/running_servers.ts";
import { authoritiesOf, serverUrlOf } from "./control/url_api.ts";
import type { Io } from "./io.ts";
import { waitOf } from "./option_values.ts";

const usualPatienceMs = 5000;

/** Asks whether a server can serve; for health checks of containers and the like. */
export const health: Action = {
  name: "health",
  summary: "Ask the server whether it can serve: exit code 0 where it can, 1 where it cannot or does not answer",
  examples: [
    "artifact-vault health --config /etc/artifact-vault/config.yml",
    "artifact-vault health --url https://vault.example.com:8443",
    "artifact-vault health --url http://127.0.0.1:8080 --timeout 2s",
  ],
  options: {
    config: configOptions.config!,
    "cache-dir": configOptions["cache-dir"]!,
    ...addressOptions,
    url: { value: "URL", help: "The server to ask; without it, that of the configuration, on this machine" },
    ca: { value: "FILE", help: "A certificate authority to trust besides the system's and those of the configuration" },
    timeout: { value: "DURATION", help: "The longest wait for the answer; 5s where absent" },
  },
  async run({ values }, io) {
    const timeoutMs = waitOf(values, "timeout", "1ms") ?? usualPatienceMs;
    const place = typeof values.url === "string" ? remotePlace(values.url) : await localPlace(values, io);
    const authorities = [...place.authorities, ...await authoritiesOf(values)];
    const { status, text } = await ask({ ...place, authorities }, timeoutMs);
    if (status === 200 && isOfVault(text)) {
      io.stdout(`${text}\n`);
      return 0;
    }
    const isStranger = status === 200 || status === 404;
    const [line = ""] = text.split("\n", 1);
    io.stderr(`${isStranger ? `No Artifact Vault is at ${place.url}, which` : place.url} answers ${status}: ${line}\n`);
    return 1;
  },
};

interface Readiness {
  readonly status: number;
  readonly text: string;
}

async function ask(place: Place, timeoutMs: number): Promise<Readiness> {
  const { url, serverName } = place;
  const signal = AbortSignal.timeout(timeoutMs);
  const late = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  try {
    return await Promise.race([
      late,
      serverName === undefined ? fetchOnce(place, signal) : askByName(place, serverName),
    ]);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const why = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
    throw new VaultError("upstream_failed", `Cannot ask ${url} whether it can serve: ${why}`, { cause: error });
  }
}

async function fetchOnce({ url, authorities }: Place, signal: AbortSignal): Promise<Readiness> {
  using client = Deno.createHttpClient({ caCerts: [...authorities] });
  const answer = await fetch(`${url}/-/readyz`, { client, signal });
  return { status: answer.status, text: shortened(await answer.text()) };
}

/** `fetch` would look the name up, and ask another machine. */
async function askByName({ url, authorities }: Place, serverName: string): Promise<Readiness> {
  const { hostname, port } = new URL(url);
  const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  const options = { hostname: serverName, caCerts: [...authorities], alpnProtocols: ["http/1.1"] };
  using connection = await Deno.startTls(await Deno.connect(address), options);
  const request = `GET /-/readyz HTTP/1.1\r\nHost: ${serverName}:${port}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).text();
  const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), text: shortened(body) };
}

/** Other programs may answer 200 at any path. */
function isOfVault(text: string): boolean {
  return /^ready\b/.test(text);
}

function shortened(text: string): string {
  return text.trim().slice(0, 200);
}

/** Where to ask, and whom to trust. */
interface Place {
  /** Without a slash at its end. */
  readonly url: string;
  readonly authorities: readonly string[];
  /** The name in the server's certificate, where that is not the host of the URL. */
  readonly serverName?: string;
}

function remotePlace(text: string): Place {
  return { url: serverUrlOf(text), authorities: [] };
}

/** A server with a certificate is asked by a name in it, at its address on this machine. */
async function localPlace(values: OptionValues, io: Io): Promise<Place> {
  const config = await loadConfig(loadOptionsOf(values, io));
  const hostname = addressOf(config.http_host);
  const port = config.http_port === 0 ? await portOf(config) : config.http_port;
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  if (config.tls === undefined) return { url: `http://${bracketed}:${port}`, authorities: [] };
  const pem = await readPem(config.tls.cert, { key: "tls.cert", marker: "CERTIFICATE" });
  const authorities = config.ca ?? [];
  const trusted = authorities.map((path) => readPem(path, { key: "ca", marker: "CERTIFICATE" }));
  const names = hostNamesOf(pem);
  const name = names.includes(hostname) ? undefined : names.find((name) => !/^[\d.]+$|:/.test(name));
  return {
    url: `https://${bracketed}:${port}`,
    authorities: [pem, ...await Promise.all(trusted)],
    ...name !== undefined && { serverName: name.replace(/^\*/, "vault") },
  };
}

/** Returns the address at which this machine reaches a server that listens on all of them. */
function addressOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

async function portOf({ cache_dir }: Config): Promise<number> {
  return Number(new URL((await findServer(cache_dir, null)).url).port);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : "";
  return `${messageOf(error)}${cause}`;
}
