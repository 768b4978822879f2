import type { BackendType } from "./backends/backend_type.ts";
import { typeNamesOf } from "./config/backend_schemas.ts";
import { type BackendConfig, type Config, type ConfigSchema, createConfigSchema } from "./config/schema.ts";
import { showConfig } from "./config/show.ts";
import { upstreamsOf } from "./config/upstreams.ts";
import type { DescribedConfig as Shown } from "./status/running_status.ts";

/** A configuration as it is shown while it is in use. */
export interface DescribedConfig extends Shown {
  /** The hosts of all upstreams that it names, with their ports where these are not the default ones. */
  readonly hosts: ReadonlySet<string>;
}

/** Returns a function that describes a configuration, and does so once, when it is called first. */
export function describeWhenAsked(config: Config, types: readonly BackendType[]): () => DescribedConfig {
  let described: DescribedConfig | null = null;
  return () => described ??= describe(config, types);
}

function describe(config: Config, types: readonly BackendType[]): DescribedConfig {
  const schema = createConfigSchema(types);
  const urls = config.backends.flatMap((backend) => urlsOf(backend, schema));
  return {
    shown: showConfig(config, schema) as Readonly<Record<string, unknown>>,
    backends: config.backends.map((backend) => {
      const { name, type, config: { prefix } } = backend;
      const origins = [...new Set(urlsOf(backend, schema).map(({ origin }) => origin))];
      return { name, type, prefix, origins, logins: loginsOf(backend, types) };
    }),
    hosts: new Set(urls.map(({ host }) => host)),
  };
}

/** The origins of the upstreams that get a backend's credentials. */
function loginsOf(backend: BackendConfig, types: readonly BackendType[]): readonly string[] {
  const type = types.find(({ schema }) => typeNamesOf(schema).includes(backend.type));
  const destinations = type?.destinations?.(backend) ?? [];
  return destinations.flatMap(({ urls }) => urls.flatMap((url) => URL.parse(url)?.origin ?? []));
}

function urlsOf(backend: BackendConfig, schema: ConfigSchema): readonly URL[] {
  return upstreamsOf(backend, schema).flatMap((url) => URL.parse(url) ?? []);
}
