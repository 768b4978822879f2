import { type BackendConfig, type Config, isOci } from "./schema.ts";

/** What is allowed in a configuration but hardly meant: one sentence each. */
export function warningsOf({ backends }: Config): string[] {
  return [
    ...backends.flatMap(openSecrets),
    ...backends.flatMap(confusions),
    ...sharedMirrors(backends),
    ...shadows(backends),
  ];
}

/** URLs that get the same credentials. */
interface Destination {
  readonly urls: readonly string[];
  /** What else than https would do. */
  readonly remedy?: string;
}

interface WithCredentials {
  readonly username?: string | undefined;
  readonly token?: string | undefined;
  readonly token_file?: string | undefined;
}

function openSecrets(backend: BackendConfig): string[] {
  return destinationsOf(backend).flatMap(({ urls, remedy = "" }) =>
    [...new Set(urls)].filter(isPlainHttpElsewhere).map((url) =>
      `Backend "${backend.name}" sends its credentials for ${url} unencrypted; write https://${remedy}`
    )
  );
}

function destinationsOf({ type, config }: BackendConfig): Destination[] {
  switch (type) {
    case "http":
      return [config].filter(hasCredentials).map(({ base_url }) => ({ urls: base_url }));
    case "apt":
      return [config].filter(hasCredentials).map(({ mirror_url }) => ({ urls: mirror_url }));
    case "pypi":
      return config.indexes.filter(hasCredentials).map(({ index_url, packages_url = index_url }) => ({
        urls: [index_url, packages_url],
      }));
    default:
      return config.repositories.filter((registry) => hasCredentials(registry) && !registry.insecure).map(
        (registry) => {
          const { registry_url, auth_url = registry_url } = registry;
          const isPlain = registry_url.startsWith("http:");
          return { urls: [registry_url, auth_url], ...isPlain && { remedy: ", or insecure: true if that is meant" } };
        },
      );
  }
}

function hasCredentials({ username, token, token_file }: WithCredentials): boolean {
  return [username, token, token_file].some((given) => given !== undefined);
}

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isLoopback = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === "http:" && !isLoopback;
}

/**
 * Where a project of one's own may come from an index of others, since it is missing in one's own or asked for there
 * later ("dependency confusion"). An index that needs credentials counts as one's own, whatever is looked for in it.
 */
function confusions({ type, name, config }: BackendConfig): string[] {
  if (type !== "pypi") return [];
  const isOpen = ({ only, never }: (typeof config.indexes)[number]) => only === undefined && never === undefined;
  const concerned = config.indexes.filter((index) => isOpen(index) || hasCredentials(index));
  if (concerned.length < 2 || !concerned.some(isOpen)) return [];
  const urls = concerned.map(({ index_url }) => index_url).join(", then ");
  return [
    `Backend "${name}" looks for a project in ${urls}, and takes the first of that name, whoever published it there; ` +
    "list the names of your own projects with never: where others publish",
  ];
}

/** What clients of a proxy get from one backend only; http and https are the same to them. */
function sharedMirrors(backends: readonly BackendConfig[]): string[] {
  const holders = new Map<string, string>();
  return backends.flatMap(({ type, name, config }) => {
    if (type !== "apt") return [];
    return [...config.mirror_url, ...config.aliases].flatMap((url) => {
      const { host, pathname } = new URL(url);
      const holder = holders.get(host + pathname) ?? name;
      holders.set(host + pathname, holder);
      if (holder === name) return [];
      return [`Clients that have the vault as their proxy get ${url} from backend "${holder}", never from "${name}"`];
    });
  });
}

/** What docker clients ask for at the root, and do not get there. */
function shadows(backends: readonly BackendConfig[]): string[] {
  if (!backends.some(isOci)) return [];
  return backends.flatMap((backend) => {
    const { name, config: { prefix } } = backend;
    const shadow = `"${prefix}" of backend "${name}"`;
    if (prefix === "/v2" && !isOci(backend)) return [`No images are served at the root, since /v2 is ${shadow}`];
    if (!prefix.startsWith("/v2/")) return [];
    return [`Images whose names begin with "${prefix.slice(4)}" are not served at the root, since ${shadow} is there`];
  });
}
