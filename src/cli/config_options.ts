import type { LoadOptions, Override } from "../config/load.ts";
import { configSchema } from "../configuration.ts";
import type { OptionSpec, OptionValues } from "./command.ts";
import type { Io } from "./io.ts";

const overriding: Readonly<Record<string, { key: string; spec: OptionSpec }>> = {
  host: { key: "http_host", spec: { value: "HOST", help: "Address to listen on (http_host)" } },
  port: { key: "http_port", spec: { value: "PORT", help: "Port to listen on, 0 for any free one (http_port)" } },
  "cache-dir": { key: "cache_dir", spec: { value: "DIR", help: "Where everything is kept (cache_dir)" } },
  "log-level": {
    key: "log_level",
    spec: {
      value: "LEVEL",
      choices: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
      help: "DEBUG, INFO, WARNING, ERROR or CRITICAL (log_level)",
    },
  },
  "log-file": { key: "log_file", spec: { value: "FILE", help: "Append the log to this file (log_file)" } },
  offline: { key: "offline", spec: { help: "Never contact any upstream (offline)" } },
};

/** The options of every command that reads a configuration. */
export const configOptions: Readonly<Record<string, OptionSpec>> = {
  config: { value: "FILE", short: "c", help: "Configuration to read; else config.yml here, or the built-in one" },
  ...Object.fromEntries(Object.entries(overriding).map(([name, { spec }]) => [name, spec])),
};

/** Those of commands that work on the cache directory, and serve nobody. */
export const directoryOptions: Readonly<Record<string, OptionSpec>> = {
  config: configOptions.config!,
  "cache-dir": configOptions["cache-dir"]!,
};

/** The option of commands for which it matters, besides, whether upstreams may be asked. */
export const offlineOption: Readonly<Record<string, OptionSpec>> = { offline: configOptions.offline! };

/** Those of commands that look for a server with the configuration. */
export const addressOptions: Readonly<Record<string, OptionSpec>> = {
  host: configOptions.host!,
  port: configOptions.port!,
};

/** Returns the options for loading the configuration that a command line asks for. */
export function loadOptionsOf(values: OptionValues, io: Io): LoadOptions {
  const overrides: Record<string, Override> = {};
  for (const [name, { key }] of Object.entries(overriding)) {
    const value = values[name];
    if (value !== undefined) overrides[key] = { value, source: `--${name}` };
  }
  return { schema: configSchema, path: configPathOf(values), env: io.env, overrides };
}

/** The file that is read without `--config`, if the working directory has it. */
const usualPath = "config.yml";

/** Returns the file that a command line names, or the one in the working directory; undefined for the built-in one. */
export function configPathOf(values: OptionValues): string | undefined {
  if (typeof values.config === "string") return values.config;
  try {
    return Deno.statSync(usualPath).isFile ? usualPath : undefined;
  } catch {
    // It is not there, or this program may not look.
    return undefined;
  }
}

/** Returns the origin of the configuration, for people. */
export function configSource(values: OptionValues): string {
  if (typeof values.config === "string") return values.config;
  return configPathOf(values) === undefined
    ? `built in, since no --config is given and there is no ${usualPath} in the working directory`
    : `${usualPath} in the working directory, since no --config is given`;
}
