import ipaddr from "ipaddr.js";
import { z } from "zod";
import { namesOf } from "./backend_names.ts";
import type { backendKeys } from "./backend_keys.ts";
import {
  anyNumberOf,
  authorities,
  choice,
  duration,
  flag,
  integer,
  Invalid,
  path,
  rate,
  shown,
  size,
  text,
  value,
} from "./value_types.ts";
import { certificatePair } from "./certificate_keys.ts";
import { proxyUrl } from "./urls.ts";

/** So many things are fetched ahead at once, at most. */
export const mostJobs = 64;

const hostName = value<string>({
  type: "host",
  a: "a host",
  hint: "write vault.example.com, 192.0.2.1 or vault.example.com:8080",
  read(input) {
    const isHost = typeof input === "string" && /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.test(input);
    return isHost ? input.toLowerCase() : new Invalid();
  },
});

const network = value<string>({
  type: "network",
  a: "an address or a network",
  hint: "write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32",
  read(input) {
    if (typeof input !== "string") return new Invalid();
    return ipaddr.isValidCIDR(input) || /[.:].*[.:]/.test(input) && ipaddr.isValid(input) ? input : new Invalid();
  },
});

const listenHost = value<string>({
  type: "host",
  a: "a host",
  hint: "write 127.0.0.1, 0.0.0.0, ::1 or a name",
  read(input) {
    if (typeof input !== "string" || !/^[A-Za-z0-9.:_-]+$/.test(input)) return new Invalid();
    const [, host, port] = /^([^:]+):(\d+)$/.exec(input) ?? [];
    if (host === undefined) return input;
    return new Invalid(`${shown(input)} has a port; write ${host}, and the port as http_port: ${port}`);
  },
});

const globalKeys = {
  http_host: listenHost.prefault("127.0.0.1").describe("Address to listen on; 0.0.0.0 for every interface."),
  http_port: integer(0, 65535).prefault(8080).describe("Port to listen on; 0 for any free one."),
  server_names: anyNumberOf(hostName).prefault([]).describe(
    "Names and addresses by which clients reach the vault, each with a port or for any port. A request for another host then " +
      "is one to a proxy: its host decides, never its path. Without it, a host that no backend stands for may be the vault.",
  ),
  administration: choice("loopback", "nobody").prefault("loopback").describe(
    "Who may change things through the server's API: programs on its own machine, or nobody. Write nobody where other " +
      "people's requests come from this machine, as those of a proxy that adds no X-Forwarded-For.",
  ),
  trusted_proxies: anyNumberOf(network).prefault([]).describe(
    "Addresses and networks of reverse proxies whose X-Forwarded-For, -Proto, -Host and -Prefix, or Forwarded, are believed: " +
      "in links, in the log, and for max_requests. Nobody is an administrator by them.",
  ),
  cache_dir: path("directory").prefault("./cache").describe("Where everything is kept; created when missing."),
  log_level: choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL").prefault("INFO").describe(
    "The least important messages that are still written.",
  ),
  log_format: choice("text", "json").prefault("text").describe("Lines for people and grok, or one JSON object a line."),
  log_file: path("file").optional().describe("Append the log to this file instead of writing it to the terminal."),
  cache_max_size: size({ positive: true }).optional().describe(
    "Bodies never take more than this; what was used least recently goes first. Without it the disk is the limit.",
  ),
  cache_min_free: size().optional().describe(
    "Disk space the cache leaves free; 0 for none. Without it, the smaller of 1 GiB and 5 % of the disk.",
  ),
  memory_cache_size: size().prefault("64MiB").describe(
    "Memory for what is asked for often, half of it for small bodies, half for what is made of documents: rewritten pages, package lists. 0 for none.",
  ),
  shutdown_timeout: duration({ timer: true }).prefault("30s").describe(
    "How long running transfers may go on after SIGTERM.",
  ),
  offline: flag().prefault(false).describe(
    "Never contact any upstream: serve what is cached, and refuse the rest at once.",
  ),
  offline_indexes: choice("available", "full").prefault("available").describe(
    "What indexes show offline: only what the cache can deliver, or all that they list. For the pages of pypi backends, the documents of npm backends and the tags of images; signed documents never change.",
  ),
  range_ahead: size().prefault("16MiB").describe(
    "A range that begins at most this far ahead of a running transfer waits for it instead of asking upstream again.",
  ),
  max_requests: integer(1, 1_000_000).optional().describe(
    "How many requests are answered at once; a client gets at most half of them, and 503 beyond that. Without it, half " +
      "of the files that the process may have open, and at most 1,024.",
  ),
  max_segments: integer(1, 256).prefault(8).describe("How many ranges of one file are fetched at once."),
  revalidate_timeout: duration({ timer: true }).prefault("2s").describe(
    "How long a client waits for an upstream to revalidate a stale copy before it gets the stale copy.",
  ),
  retention: z.strictObject({
    unused_for: duration({ forever: true, positive: true }).prefault("forever").describe(
      "Bodies go that nobody has asked for in so long, unless they are pinned or could not be fetched again.",
    ),
  }).prefault({}).describe(
    "How long the cache keeps what nobody uses. Where several backends have a body, the longest counts.",
  ),
  verify: z.strictObject({
    every: duration({ positive: true }).prefault("30d").describe("How often all bodies in the cache are read."),
    rate: rate().prefault("20MB/s").describe(
      "How fast they are read; a tenth of that while clients are served. 0 for never reading them.",
    ),
  }).prefault({}).describe(
    "All bodies in the cache are compared with their digests in the background, so that damage is found and repaired.",
  ),
  warm: z.strictObject({
    lists: anyNumberOf(path("file")).prefault([]).describe(
      "Files as for artifact-vault warm, or lines of a list, whose content is kept in the cache.",
    ),
    every: duration({ positive: true }).prefault("24h").describe("The time from the end of one run to the next."),
    jobs: integer(1, mostJobs).prefault(2).describe("How much is fetched at once. What clients wait for goes first."),
    platforms: anyNumberOf(text()).prefault([]).describe(
      "Images of linux/arm64, wheels of manylinux_2_28_x86_64; without it, all.",
    ),
    python: text().optional().describe(
      "Wheels for this version of Python, such as 3.12 in quotes; without it, for all.",
    ),
    referrers: flag().prefault(false).describe("Signatures, SBOMs and whatever else refers to an image, too."),
    recommends: flag().prefault(false).describe("What Debian packages recommend, too."),
    suites: anyNumberOf(text()).prefault([]).describe(
      "Where Debian packages are that name no place, such as debian/bookworm/main.",
    ),
  }).prefault({}).describe(
    "Lists that the server keeps in the cache, beginning a minute after its start: a line of the log says what came.",
  ),
  bundles: z.strictObject({
    trust: anyNumberOf(path("file")).prefault([]).describe(
      "Public keys in PEM: with any, only bundles that are signed with one of them are imported.",
    ),
    require_signature: flag().prefault(false).describe("Import nothing at all where no key is trusted."),
  }).prefault({}).describe("Whose bundles are imported."),
  tls: certificatePair().optional().describe("Serve HTTPS instead of HTTP."),
  proxy: proxyUrl().optional().describe("Proxy for requests to every upstream."),
  ca: authorities().optional().describe(
    "PEM file, or list of files, of certificate authorities to trust besides the system's.",
  ),
};

/** An entry of `backends`, as the schema of its type parses it. */
export interface ParsedBackend {
  readonly type: string;
  readonly name?: string | undefined;
  readonly config: z.output<z.ZodObject<typeof backendKeys>>;
}

/** The schema of a type of backend, as `backendSchema` makes it; it may be refined and transformed. */
export type BackendSchema = z.ZodType<ParsedBackend> & z.core.$ZodTypeDiscriminable;

/** A backend of a checked configuration: as `Schema` parses it, with its name and its prefix filled in. */
export type Configured<Schema extends z.ZodType<ParsedBackend>> = WithPrefix<WithName<z.output<Schema>>>;

/** A backend in a checked configuration, with the keys of all types; `type` says which others it has. */
export type BackendConfig = WithPrefix<WithName<ParsedBackend>>;

/**
 * Makes the schema of the configuration, which is also the source of its types, defaults and documentation. Each type
 * of backend adds its own keys.
 */
export function createConfigSchema(types: readonly { readonly schema: BackendSchema }[]) {
  const [first, ...others] = types.map(({ schema }) => schema);
  const backend = z.discriminatedUnion("type", [first!, ...others]);
  const backends = z.array(backend).min(1).superRefine(checkDistinct, { when: () => true })
    .describe("What is served: one entry for each upstream.");
  return z.strictObject({ ...globalKeys, backends }).transform((config) => ({
    ...config,
    backends: withNames(config.backends).map(withPrefix),
  }));
}

export type ConfigSchema = ReturnType<typeof createConfigSchema>;

/** A checked configuration: keys as in YAML, durations in milliseconds, sizes in bytes. */
export type Config = z.output<ConfigSchema>;

type WithName<Backend> = Omit<Backend, "name"> & { readonly name: string };

function withNames<Backend extends object>(backends: readonly Backend[]): WithName<Backend>[] {
  const names = namesOf(backends);
  return backends.map((backend, index) => ({ ...backend, name: names[index] as string }));
}

interface Prefixed {
  readonly name: string;
  readonly config: { readonly prefix?: string | undefined };
}

type WithPrefix<Backend extends Prefixed> = Omit<Backend, "config"> & {
  readonly config: Backend["config"] & { readonly prefix: string };
};

function withPrefix<Backend extends Prefixed>(backend: Backend): WithPrefix<Backend> {
  return { ...backend, config: { ...backend.config, prefix: prefixOf(backend) } };
}

function prefixOf(backend: Prefixed): string {
  return backend.config.prefix ?? `/${backend.name}`;
}

/** Takes values that failed to parse as well, so that all problems are reported at once. */
function checkDistinct(backends: unknown, context: z.core.$RefinementCtx): void {
  if (!Array.isArray(backends)) return;
  const names = new Map<string, number>();
  const prefixes = new Map<string, string>();
  const allNames = namesOf(backends);
  for (const [index, given] of (backends as (Prefixed | undefined)[]).entries()) {
    const backend = given && { ...given, name: allNames[index] as string };
    const wrong = (message: string, ...path: string[]) =>
      context.addIssue({ code: "custom", path: [index, ...path], message });
    if (typeof backend?.name !== "string" || typeof backend.config !== "object") continue;
    const { name } = backend;
    const sameName = names.get(name);
    if (sameName === undefined) names.set(name, index);
    else wrong(`"${name}" is already the name of backends[${sameName}]; choose another one`, "name");
    const prefix = prefixOf(backend);
    const holder = prefixes.get(prefix);
    if (typeof prefix !== "string") continue;
    if (holder === undefined) prefixes.set(prefix, name);
    else {wrong(
        `"${name}" has the prefix "${prefix}" that "${holder}" already has; choose another one`,
        "config",
        "prefix",
      );}
  }
}
