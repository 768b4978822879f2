import { hasCredentials } from "../../config/credential_keys.ts";
import type { BackendType, Opening } from "../backend_type.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { carrying } from "./carrying.ts";
import type { IndexOptions } from "./indexes.ts";
import type { Served } from "../shared/served_path.ts";
import { type IndexConfig, type PypiConfig, schema } from "./schema.ts";
import { createWarmSource } from "./warm.ts";

/** The type `pypi`: indexes of Python packages. */
export const pypi: BackendType<PypiConfig> = {
  schema,
  carrying,
  destinations: ({ config: { indexes } }) =>
    indexes.filter(hasCredentials).map(({ index_url, packages_url = index_url }) => ({
      urls: [index_url, packages_url],
    })),
  warnings: (backends) => backends.flatMap(confusions),
  warming: (backends) =>
    createWarmSource({
      backends: backends.map(({ name, config: { prefix } }) => ({ name, prefix })),
      served: backends.flatMap(servedUrls),
    }),
  shelving: {
    recognises: ["a folder of wheels, as pip download makes it"],
    async open(source) {
      const { openWheelhouseShelf } = await import("./shelf/wheelhouse_shelf.ts");
      return await openWheelhouseShelf(source);
    },
    async openCached(folder, { config: { indexes } }) {
      const { openOriginalPackages } = await import("./shelf/original_cache.ts");
      return await openOriginalPackages(folder, indexes[0]?.packages_url);
    },
    urlsOf: ({ config: { indexes } }) => indexes.map(({ index_url }) => index_url),
    eager: ({ config: { min_age: _, ...config }, ...backend }) => ({ ...backend, config: { ...config, ttl: 0 } }),
  },
  async open(backend, opening) {
    const { config: options } = backend;
    const { config, log } = opening;
    const { createBackend } = await import("./backend.ts");
    return createBackend({
      ...commonOptionsOf(backend, config),
      isDefault: config.backends.find(({ type }) => type === backend.type)?.name === backend.name,
      ttlMs: options.ttl,
      minAgeMs: options.min_age ?? null,
      indexes: await Promise.all(options.indexes.map((index) => openIndex(index, backend, opening))),
      warn: (message) => log.warning(message),
    });
  },
};

/** Pages are below `/simple` whatever the index calls them; files of `packages_url` are below `/packages`. */
function servedUrls({ config: { prefix, indexes } }: PypiConfig): Served[] {
  const below = (path: string) => prefix === "/" ? path : prefix + path;
  const packages = indexes.flatMap(({ packages_url: url }) => url ?? []);
  return [
    { prefix: below("/simple"), bases: indexes.map(({ index_url }) => index_url) },
    {
      prefix: below("/packages"),
      bases: packages.map((url) => new URL(url).pathname === "/" ? `${url}/packages` : url),
    },
  ];
}

async function openIndex(index: IndexConfig, backend: PypiConfig, opening: Opening): Promise<IndexOptions> {
  const {
    index_url: url,
    packages_url: packagesUrl = null,
    find_links: isFindLinks = /\.html?$/i.test(url),
    only = [],
    never = [],
    not_found_statuses: absentStatuses = [],
  } = index;
  const createFetch = await opening.upstreams.connect(backend, index);
  const origins = packagesUrl === null ? [url] : [url, packagesUrl];
  const fetch = createFetch({ credentials: credentialsOf(index, { ...opening, backend }), headers: [], origins });
  return { url, packagesUrl, fetch, idleTimeoutMs: backend.config.timeout, only, never, absentStatuses, isFindLinks };
}

/**
 * Warns where a project of one's own may come from an index of others, since it is missing in one's own or asked for
 * there later ("dependency confusion"). An index that needs credentials counts as one's own, whatever is looked for in
 * it.
 */
function confusions({ name, config }: PypiConfig): string[] {
  const isOpen = ({ only, never }: IndexConfig) => only === undefined && never === undefined;
  const concerned = config.indexes.filter((index) => isOpen(index) || hasCredentials(index));
  if (concerned.length < 2 || !concerned.some(isOpen)) return [];
  const urls = concerned.map(({ index_url }) => index_url).join(", then ");
  return [
    `Backend "${name}" looks for a project in ${urls}, and takes the first of that name, whoever published it there; ` +
    "list the names of your own projects with never: where others publish",
  ];
}
