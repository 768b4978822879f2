import { freePort } from "../support/free_port.ts";
import { privateEnvironment } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { isUp, type Side, sideOf, type Sides, startBackend, startLogged, startSides } from "./sides.ts";

/** What a registry has sent since it was started. */
export interface Traffic {
  readonly requests: number;
  readonly blobRequests: number;
  /** Of all bodies, as far as they were taken; it counts what answers to HEAD leave out as well. */
  readonly bytes: number;
}

/** A registry that others are filled from. */
export interface UpstreamRegistry extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  /** All that was sent, once no request is under way any more. */
  traffic(): Promise<Traffic>;
}

/** The vault and Debian's registry as pull-through caches of the registry with this URL, with empty caches. */
export function startRegistrySides(upstreamUrl: string): Promise<Sides<Side>> {
  const backend = { type: "dockerhub", name: "hub", config: { registry_url: upstreamUrl } };
  return startSides(() => startBackend(backend, ""), () => startRegistry({ proxy: { remoteurl: upstreamUrl } }));
}

/** Starts a registry with nothing in it. */
export async function startUpstreamRegistry(): Promise<UpstreamRegistry> {
  const metricsPort = freePort();
  const debug = { addr: `127.0.0.1:${metricsPort}`, prometheus: { enabled: true } };
  const registry = await startRegistry({ http: { debug } });
  return {
    url: registry.url(""),
    traffic: () => waitUntil("the registry has answered everything", () => readTraffic(metricsPort)),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** Debian's registry, mostly as Debian configures it; its log is in a file, so that it keeps nobody else busy. */
async function startRegistry({ http, proxy }: { http?: object; proxy?: object }): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const port = freePort();
  const config = {
    version: "0.1",
    // The access log is another thing: it has a line per request at any level.
    log: { level: "warn" },
    storage: { cache: { blobdescriptor: "inmemory" }, filesystem: { rootdirectory: dir.join("storage") } },
    http: { addr: `127.0.0.1:${port}`, secret: "throw-away", ...http },
    ...proxy && { proxy },
  };
  await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(config));
  const command = ["docker-registry", "serve", dir.join("config.yml")];
  const process = startLogged(command, dir.join("log"), privateEnvironment());
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("docker-registry answers", () => isUp(process, `${url}/v2/`, dir.join("log")));
  return sideOf({ name: "docker-registry", url, process, dir });
}

/** Null while requests are under way. */
async function readTraffic(metricsPort: number): Promise<Traffic | null> {
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const total = (name: string, handler = "") =>
    [...metrics.matchAll(new RegExp(`^registry_http_${name}\\{.*handler="${handler}.*\\} (\\S+)$`, "gm"))]
      .reduce((sum, [, value]) => sum + Number(value), 0);
  if (total("in_flight_requests") > 0) return null;
  return {
    requests: total("requests_total"),
    blobRequests: total("requests_total", "blob"),
    bytes: total("response_size_bytes_sum"),
  };
}
