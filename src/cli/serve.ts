import { type App, createApp } from "../app.ts";
import type { CertificatePair } from "../key_files/pem_files.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { warningsOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import { createLogging, type Logging } from "../observe/log.ts";
import { foreignFilesWarning } from "../store/unreadable.ts";
import { announce, announceEntries } from "./announce.ts";
import { cacheDirWarning, prepareCacheDir } from "./cache_dir.ts";
import type { Action } from "./command.ts";
import { configOptions, configSource, loadOptionsOf } from "./config_options.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "./input_files.ts";
import { reopenOnHangup } from "./hangup.ts";
import type { Io } from "./io.ts";
import { checkWarm, keepWarm } from "./keep_warm.ts";
import { listen, type Listening, type ListenOptions } from "./listen.ts";
import { openFilesLimit } from "./open_files_limit.ts";
import { allowOldRuntime, checkRuntime } from "./runtime.ts";
import { serveUntilTerminated } from "./shutdown.ts";
import { unservedWarning } from "./unserved.ts";
import { version } from "./version.ts";

/** Serves until SIGTERM or SIGINT. */
export const serve: Action = {
  name: "serve",
  summary: "Serve what the configuration names, until SIGTERM or SIGINT",
  examples: [
    "artifact-vault",
    "artifact-vault serve --config config.yml --log-level DEBUG",
    "artifact-vault --host 0.0.0.0 --port 8080 --cache-dir /var/cache/artifact-vault",
    "artifact-vault --config config.yml --offline",
  ],
  options: { ...configOptions, ...allowOldRuntime },
  async run({ values }, io) {
    const notes: string[] = [];
    const config = await loadConfig({ ...loadOptionsOf(values, io), warn: (message) => notes.push(message) });
    const source = configSource(values);
    const warnings = [...checkRuntime(values), ...notes, ...warningsOf(config)];
    const checks = [
      () => prepareCacheDir(config.cache_dir, config),
      () => checkInputFiles(config),
      () => checkWarm(config),
    ];
    await throwTogether(checks);
    const tls = await readTls(config);
    const ofFiles = [
      tlsWarning(config, tls),
      cacheDirWarning(config.cache_dir),
      await foreignFilesWarning(config.cache_dir),
      await unservedWarning(config),
    ];
    warnings.push(...ofFiles.filter((text) => text !== null));
    const logging = openLog(config);
    try {
      await serveConfig(config, { tls, logging, io, warnings, source });
    } finally {
      await logging.close();
    }
    return 0;
  },
};

/** Opens the log. Offline, the terminal takes the place of a log file that cannot be written to. */
function openLog({ log_level: level, log_format: format, log_file: file, offline }: Config): Logging {
  const options = { level, format };
  if (file === undefined) return createLogging(options);
  try {
    return createLogging({ ...options, file });
  } catch (error) {
    if (!offline || !(error instanceof VaultError)) throw error;
    const logging = createLogging(options);
    logging.log.warning(`${error.message}. The log goes to the terminal instead, since the vault is offline`);
    return logging;
  }
}

interface ServeDeps {
  readonly tls: CertificatePair | null;
  readonly logging: Logging;
  readonly io: Io;
  readonly warnings: readonly string[];
  /** The origin of the configuration, for people. */
  readonly source: string;
}

async function serveConfig(config: Config, { tls, logging, io, warnings, source }: ServeDeps): Promise<void> {
  const { log } = logging;
  for (const warning of warnings) log.warning(warning);
  const app = await createApp(config, { log, version, openFilesLimit: openFilesLimit(config.cache_dir) });
  const { server, url, renewTls } = await openServer(app, { config, tls, log });
  const warming = keepWarm(config, { app, log });
  const ending = {
    beginShutdown() {
      warming?.stop();
      app.beginShutdown();
    },
    close: (timeoutMs: number) => app.close(timeoutMs),
  };
  const terminated = serveUntilTerminated({ app: ending, server, log, timeoutMs: config.shutdown_timeout });
  announce(url, { config, log, io, source, cacheBytes: app.cacheBytes() });
  const closing = new AbortController();
  const counted = config.offline ? announceEntries(config, log, closing.signal) : Promise.resolve();
  const stopReopening = reopenOnHangup({
    log,
    reopens: {
      "log file": () => logging.reopen(),
      certificate: async () => {
        const renewed = await readTls(config);
        if (renewed !== null) renewTls(renewed);
        const warning = tlsWarning(config, renewed);
        if (warning !== null) log.warning(warning);
      },
      "certificate for upstreams": () => app.renewCertificates(),
    },
  });
  await Promise.race([terminated, server.lost]).finally(() => {
    stopReopening();
    closing.abort();
    return counted;
  });
}

async function openServer(app: App, options: ListenOptions): Promise<Listening> {
  try {
    return listen((request, info) => app.handle(request, info), options);
  } catch (error) {
    await app.close(0);
    throw error;
  }
}
