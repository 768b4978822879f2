import type { BackendType } from "./backends/backend_type.ts";
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
  return () => described ??= describe(config, createConfigSchema(types));
}

function describe(config: Config, schema: ConfigSchema): DescribedConfig {
  const urls = config.backends.flatMap((backend) => urlsOf(backend, schema));
  return {
    shown: showConfig(config, schema) as Readonly<Record<string, unknown>>,
    backends: config.backends.map((backend) => {
      const { name, type, config: { prefix } } = backend;
      return { name, type, prefix, origins: [...new Set(urlsOf(backend, schema).map(({ origin }) => origin))] };
    }),
    hosts: new Set(urls.map(({ host }) => host)),
  };
}

function urlsOf(backend: BackendConfig, schema: ConfigSchema): readonly URL[] {
  return upstreamsOf(backend, schema).flatMap((url) => URL.parse(url) ?? []);
}
