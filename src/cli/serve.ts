import { type App, createApp } from "../app.ts";
import type { CertificatePair } from "../key_files/pem_files.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { showConfig } from "../config/show.ts";
import { configSchema, warningsOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import { createLogging, type Logging } from "../observe/log.ts";
import { foreignFilesWarning } from "../store/unreadable.ts";
import { prepareThreads } from "../threads/thread.ts";
import { announce, announceEntries } from "./announce.ts";
import { cacheDirWarning, prepareCacheDir } from "./cache_dir.ts";
import type { Action, OptionValues } from "./command.ts";
import { configOptions, configSource, loadOptionsOf } from "./config_options.ts";
import type { ReloadOutcome } from "./control/protocol.ts";
import { type ControlOptions, openControl } from "./control/socket.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "./input_files.ts";
import { Hangups } from "./hangup.ts";
import type { Io } from "./io.ts";
import { type ConfigurationState, nothingWrong } from "../status/configuration_state.ts";
import { checkWarm, keepWarm } from "./keep_warm.ts";
import { type LoadedConfig, logRulesOf, Reloading, type ReloadingDeps } from "./reloading.ts";
import { listen, type Listening, type ListenOptions } from "./listen.ts";
import { openFilesLimit } from "./open_files_limit.ts";
import { allowOldRuntime, checkRuntime } from "./runtime.ts";
import { openServiceManager } from "./service_manager.ts";
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
    "artifact-vault --config config.yml --beside-other",
  ],
  options: {
    ...configOptions,
    ...allowOldRuntime,
    "beside-other": {
      help: "Listen although another process of this user has the port, which is stopped next (Linux)",
    },
  },
  async run({ values }, io) {
    using hangups = new Hangups();
    const load = () => loadNoted(values, io);
    const { config, notes } = await load();
    const source = configSource(values);
    const checks = [
      () => prepareCacheDir(config.cache_dir, config),
      () => checkInputFiles(config),
      () => checkWarm(config),
    ];
    await throwTogether(checks);
    const tls = await readTls(config);
    const ofDirectory = [cacheDirWarning(config.cache_dir), await foreignFilesWarning(config.cache_dir)];
    const unserved = [await unservedWarning(config)].filter((text) => text !== null);
    const warnings = {
      ofMachine: [...checkRuntime(values), ...ofDirectory.filter((text) => text !== null)],
      ofConfig: [...notes, ...warningsOf(config), ...unserved],
      ofCertificate: tlsWarning(config, tls),
    };
    const logging = openLog(config);
    const endThreads = prepareThreads();
    try {
      await serveConfig(config, {
        tls,
        logging,
        io,
        warnings,
        source,
        load,
        hangups,
        besideOther: values["beside-other"] !== undefined,
      });
    } finally {
      endThreads();
      await logging.close();
    }
    return 0;
  },
};

/** Opens the log. Offline, the terminal takes the place of a log file that cannot be written to. */
function openLog(config: Config): Logging {
  const rules = logRulesOf(config);
  try {
    return createLogging(rules);
  } catch (error) {
    if (!config.offline || !(error instanceof VaultError)) throw error;
    const { file: _, ...others } = rules;
    const logging = createLogging(others);
    logging.log.warning(`${error.message}. The log goes to the terminal instead, since the vault is offline`);
    return logging;
  }
}

interface ServeDeps {
  readonly tls: CertificatePair | null;
  readonly logging: Logging;
  readonly io: Io;
  /** What is wrong with the machine, the configuration and the certificate, a sentence each. */
  readonly warnings: ReloadingDeps["warnings"] & { readonly ofMachine: readonly string[] };
  /** The origin of the configuration, for people. */
  readonly source: string;
  readonly hangups: Hangups;
  /** True where another process may have the port. */
  readonly besideOther: boolean;
  /** Reads the configuration, also once more. */
  readonly load: () => Promise<LoadedConfig>;
}

async function loadNoted(values: OptionValues, io: Io): Promise<LoadedConfig> {
  const notes: string[] = [];
  const config = await loadConfig({ ...loadOptionsOf(values, io), warn: (message) => notes.push(message) });
  return { config, notes };
}

async function serveConfig(config: Config, deps: ServeDeps): Promise<void> {
  const { tls, logging, io, warnings, source, load, hangups, besideOther } = deps;
  const { log } = logging;
  const { ofMachine } = warnings;
  for (const warning of [...ofMachine, ...warnings.ofConfig, warnings.ofCertificate].filter((text) => text !== null)) {
    log.warning(warning);
  }
  let state = (): ConfigurationState => nothingWrong;
  const limit = openFilesLimit(config.cache_dir);
  const app = await createApp(config, {
    ...{ log, version, openFilesLimit: limit, watches: true },
    configuration: () => state(),
  });
  const listening = await openServer(app, { config, tls, log, besideOther, acceptFailed: () => app.acceptFailed() });
  const { server, url } = listening;
  let warming = keepWarm(config, { app, log });
  let isStopping = false;
  const reloading = new Reloading(config, {
    ...{ load, app, logging, listening, warnings, tls },
    changed(config) {
      warming?.stop();
      if (!isStopping) warming = keepWarm(config, { app, log });
    },
  });
  state = () => ({ ...reloading.state, warnings: [...ofMachine, ...reloading.state.warnings] });
  const manager = await openServiceManager({ env: io.env, cacheDir: config.cache_dir, log });
  const ending = {
    beginShutdown() {
      isStopping = true;
      manager.stopping();
      warming?.stop();
      app.beginShutdown();
    },
    close: (timeoutMs: number) => app.close(timeoutMs),
  };
  const timeoutMs = () => reloading.config.shutdown_timeout;
  const terminated = serveUntilTerminated({ app: ending, server, log, timeoutMs });
  announce(url, { config, log, io, source, cacheBytes: app.cacheBytes() });
  const closing = new AbortController();
  const counted = config.offline ? announceEntries(config, log, closing.signal) : Promise.resolve();
  const reload = async (why: string): Promise<ReloadOutcome> => {
    if (isStopping) {
      log.info(`${why}: nothing is read again, since the server is stopping`);
      return { isChanged: false, problems: "The server is stopping" };
    }
    manager.reloading();
    const outcome = await reloading.reload(why);
    if (!isStopping) {
      manager.ready(outcome.isChanged ? `Serving on ${url}` : `Serving on ${url}; the last reload was refused`);
    }
    return outcome;
  };
  const closeControl = await openControl({
    cacheDir: config.cache_dir,
    log,
    answer: answerOf(reloading, { url, reload }),
    handle: (request, info) => app.handle(request, info),
  });
  manager.ready(`Serving on ${url}`);
  hangups.receive(() => reload("SIGHUP"));
  await Promise.race([terminated, server.lost]).finally(() => {
    closeControl();
    manager.close();
    closing.abort();
    return counted;
  });
}

interface Commanded {
  readonly url: string;
  readonly reload: (why: string) => Promise<ReloadOutcome>;
}

/** Answers the commands that come by the control socket. */
function answerOf(reloading: Reloading, { url, reload }: Commanded): ControlOptions["answer"] {
  return async (command) => {
    switch (command) {
      case "status":
        return { kind: "status", pid: Deno.pid, url, version };
      case "configuration":
        return { kind: "configuration", configuration: showConfig(reloading.config, configSchema) };
      case "reload":
        return { kind: "reload", ...await reload("artifact-vault reload") };
    }
  };
}

async function openServer(app: App, options: ListenOptions): Promise<Listening> {
  try {
    return listen((request, info) => app.handle(request, info), options);
  } catch (error) {
    await app.close(0);
    throw error;
  }
}
