import { fileURLToPath } from "node:url";
import { readConfigFile } from "../config/read_file.ts";
import { loadConfig, referencedEnv } from "../config/load.ts";
import type { BackendConfig, Config } from "../config/schema.ts";
import { authoritiesOf, clientCertificatesOf, isOnline, secretFilesOf, upstreamsOf } from "../config/upstreams.ts";
import { clientHostsOf, configSchema } from "../configuration.ts";
import type { Action } from "./command.ts";
import { isLineItself } from "../warm/list.ts";
import { configOptions, configPathOf, loadOptionsOf } from "./config_options.ts";

/** Prints the Deno flags that a configuration needs, and no more. */
export const permissions: Action = {
  name: "permissions",
  summary: "Print the Deno permission flags that the configuration needs, on one line",
  examples: ["deno run $(artifact-vault permissions --config config.yml) src/main.ts --config config.yml"],
  options: configOptions,
  async run({ values }, io) {
    const path = configPathOf(values);
    const text = await readConfigFile(path);
    const config = await loadConfig({ ...loadOptionsOf(values, io), text });
    io.stdout(`${permissionFlags(config, { path, env: referencedEnv(text) }).map(quoted).join(" ")}\n`);
    if (contactedUrls(config).length > 0) {
      io.stderr(
        "Add the hosts that these upstreams redirect or link to, or have tokens made by, if any, to --allow-net.\n",
      );
    }
    return 0;
  },
};

/** Deno reads the code of a worker with the program's own permissions; an executable holds it inside. */
const sourceDir = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");

/** Returns the flags for a configuration read from `path` that refers to the environment variables `env`. */
export function permissionFlags(config: Config, given: { path: string | undefined; env: readonly string[] }): string[] {
  const { cache_dir, log_file, tls } = config;
  const online = onlineBackends(config);
  const authorities = config.backends.flatMap((backend) => authoritiesOf(backend, configSchema));
  const secrets = online.flatMap((backend) => secretFilesOf(backend, configSchema));
  const certificates = online.flatMap((backend) => clientCertificatesOf(backend, configSchema));
  const sources = Deno.build.standalone ? [] : [sourceDir];
  const chosen = online.flatMap(clientHostsOf).map(({ pattern }) => pattern);
  const hosts = [listenAddress(config), ...contactedUrls(config).map(hostAndPort), ...chosen.map(hostsBelow)];
  const net = chosen.includes("any") ? ["--allow-net"] : flag("net", hosts);
  return [
    "--no-prompt",
    ...net,
    ...flag("env", given.env),
    ...flag("read", [
      given.path,
      ...sources,
      cache_dir,
      tls?.cert,
      tls?.key,
      ...config.ca ?? [],
      ...config.offline ? [] : config.warm.lists.filter((list) => !isLineItself(list)),
      ...authorities,
      ...secrets,
      ...certificates.flatMap(({ cert, key }) => [cert, key]),
    ]),
    ...flag("write", [cache_dir, log_file]),
    ...flag("sys", ["statfs"]),
  ];
}

function flag(name: string, values: readonly (string | undefined)[]): string[] {
  const distinct = new Set(values.filter((value) => value !== undefined));
  return distinct.size === 0 ? [] : [`--allow-${name}=${[...distinct].map((value) => value.replaceAll(",", ",,"))}`];
}

/** Returns the URLs that requests go to: of the upstreams, and of the proxies on the way. */
function contactedUrls(config: Config): string[] {
  return onlineBackends(config).flatMap((backend) => {
    return [...upstreamsOf(backend, configSchema), backend.config.proxy ?? config.proxy ?? []].flat();
  });
}

function onlineBackends(config: Config): BackendConfig[] {
  return config.backends.filter((backend) => isOnline(backend, config));
}

function listenAddress({ http_host, http_port }: Config): string {
  return `${http_host.includes(":") ? `[${http_host}]` : http_host}:${http_port}`;
}

const defaultPorts = new Map([["http:", "80"], ["https:", "443"], ["socks5:", "1080"], ["socks5h:", "1080"]]);

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || defaultPorts.get(protocol)}`;
}

/** Replaces labels up to the last star by one: for Deno, a star at the beginning stands for any number of labels. */
function hostsBelow(pattern: string): string {
  const { host, port } = new URL(`https://${pattern}`);
  const names = host.replace(/^.*\*/, "*");
  return port === "" ? `${names}:443` : names;
}

/** Quotes a flag for a shell where it needs that. */
function quoted(flag: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(flag) ? flag : `'${flag.replaceAll("'", `'\\''`)}'`;
}
