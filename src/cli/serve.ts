import { type App, createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { upstreamsOf } from "../config/upstreams.ts";
import { createLogging, type Logging } from "../observe/log.ts";
import { prepareCacheDir } from "./cache_dir.ts";
import type { Command } from "./command.ts";
import { configOptions, loadOptionsOf } from "./config_options.ts";
import { checkAuthorities, readTls } from "./input_files.ts";
import type { Io } from "./io.ts";
import { listen, type Listening, type ListenOptions } from "./listen.ts";
import { serveUntilTerminated } from "./shutdown.ts";
import { version } from "./version.ts";

/** Serves until SIGTERM or SIGINT. */
export const serve: Command = {
  name: "serve",
  summary: "Serve the configured backends",
  examples: [
    "artifact-vault",
    "artifact-vault serve --config config.yml --log-level DEBUG",
    "artifact-vault --host 0.0.0.0 --port 8080 --cache-dir /var/cache/artifact-vault",
    "artifact-vault --config config.yml --offline",
  ],
  options: configOptions,
  async run(values, io) {
    const config = await loadConfig(loadOptionsOf(values, io));
    await prepareCacheDir(config.cache_dir);
    await checkAuthorities(config);
    const { log_level: level, log_format: format, log_file } = config;
    const logging = await createLogging({ level, format, ...(log_file === undefined ? {} : { file: log_file }) });
    try {
      await serveConfig(config, logging, io);
    } finally {
      await logging.close();
    }
    return 0;
  },
};

async function serveConfig(config: Config, { log }: Logging, io: Io): Promise<void> {
  const tls = await readTls(config);
  const app = await createApp(config, { log, version });
  const { server, url } = await openServer(app, { config, tls });
  const routes = config.backends.map((backend) => `${backend.config.prefix} -> ${upstreamsOf(backend).join(", ")}`);
  const title = `Artifact Vault ${version} listening on ${url}`;
  for (const line of [title, ...routes]) log.info(line);
  io.stdout([title, ...routes.map((route) => `  ${route}`), ""].join("\n"));
  await serveUntilTerminated({ app, server, log, timeoutMs: config.shutdown_timeout });
}

async function openServer(app: App, options: ListenOptions): Promise<Listening> {
  try {
    return listen((request, info) => app.handle(request, info), options);
  } catch (error) {
    await app.close(0);
    throw error;
  }
}
