import type { App } from "../app.ts";
import { changesBetween, describeChange, reloadable } from "../config/changes.ts";
import type { Config } from "../config/schema.ts";
import { configSchema, warningsOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import type { Log, Logging, LogRules } from "../observe/log.ts";
import type { ReloadOutcome } from "./control/protocol.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "./input_files.ts";
import { checkWarm } from "./keep_warm.ts";
import { endOf } from "../key_files/certificate.ts";
import type { CertificatePair } from "../key_files/pem_files.ts";
import type { ConfigurationState } from "../status/configuration_state.ts";
import type { Listening } from "./listen.ts";
import { unservedWarning } from "./unserved.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** A sentence for each part of the file that is ignored. */
  readonly notes: readonly string[];
}

export interface ReloadingDeps {
  readonly load: () => Promise<LoadedConfig>;
  readonly app: Pick<App, "configure" | "renewCertificates">;
  readonly logging: Pick<Logging, "configure" | "reopen" | "log">;
  readonly listening: Pick<Listening, "renewTls">;
  /** Called with the configuration that has come into force. */
  readonly changed: (config: Config) => void;
  /** What is wrong with the first configuration, a sentence each, and with its certificate. */
  readonly warnings: { readonly ofConfig: readonly string[]; readonly ofCertificate: string | null };
  /** The first certificate; null without TLS. */
  readonly tls: CertificatePair | null;
}

const refusal =
  "The configuration file was read again and is wrong, so that the configuration stays what it was: the " +
  "log and artifact-vault check say what is wrong";

/** The configuration of a running server, which can be read again. */
export class Reloading {
  readonly #deps: ReloadingDeps;
  #config: Config;
  #warnings: readonly string[];
  #certificateWarning: string | null;
  #certificateEndsAt: number | null;
  #refusal: string | null = null;
  /** Reloads run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(config: Config, deps: ReloadingDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#warnings = deps.warnings.ofConfig;
    this.#certificateWarning = deps.warnings.ofCertificate;
    this.#certificateEndsAt = deps.tls && endOf(deps.tls.cert);
  }

  /** With what is wrong with the file where it has been refused, but nothing of what is in it: that may be secret. */
  get state(): ConfigurationState {
    return {
      warnings: [this.#refusal, ...this.#warnings, this.#certificateWarning].filter((text) => text !== null),
      isRefused: this.#refusal !== null,
      certificateEndsAt: this.#certificateEndsAt,
    };
  }

  /** The configuration in use. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Opens the log file and all certificates again, and reads the configuration again. What is wrong changes nothing.
   * The log says what has changed. Never rejects.
   */
  reload(why: string): Promise<ReloadOutcome> {
    const outcome = this.#turn.then(() => this.#reload(why));
    this.#turn = outcome;
    return outcome;
  }

  async #reload(why: string): Promise<ReloadOutcome> {
    const { logging } = this.#deps;
    const { log } = logging;
    log.info(`${why}: reading the configuration again, and opening the log file and the certificates`);
    await this.#keeping("log file", () => logging.reopen());
    const outcome = await this.#change().catch((error): ReloadOutcome => this.#refuse(error));
    report(outcome, log);
    this.#refusal = outcome.isChanged ? null : refusal;
    if (outcome.isChanged) await this.#keeping("list of what is served", () => this.#addUnserved());
    // Also with a configuration that is wrong: certificates end, whatever is in it.
    await this.#keeping("certificate", () => this.#renewTls());
    await this.#keeping("certificate for upstreams", () => this.#deps.app.renewCertificates());
    return outcome;
  }

  async #change(): Promise<ReloadOutcome> {
    const { load, app, logging, changed } = this.#deps;
    const { config: wanted, notes } = await load();
    const next = reloadable(this.#config, wanted);
    await throwTogether([() => checkInputFiles(next), () => checkWarm(next)]);
    const changes = changesBetween(this.#config, wanted, configSchema);
    logging.configure(logRulesOf(next));
    try {
      await app.configure(next);
    } catch (error) {
      logging.configure(logRulesOf(this.#config));
      throw error;
    }
    this.#config = next;
    changed(next);
    const warnings = [...notes, ...warningsOf(next)];
    const waiting = changes.filter(({ needsRestart }) => needsRestart).map(({ path }) => path);
    this.#warnings = [
      ...warnings,
      ...waiting.length === 0
        ? []
        : [`The configuration file has new values that need a restart: ${waiting.join(", ")}`],
    ];
    const lines = (needsRestart: boolean) =>
      changes.filter((change) => change.needsRestart === needsRestart).map(describeChange);
    return { isChanged: true, changes: lines(false), waiting: lines(true), warnings };
  }

  async #addUnserved(): Promise<void> {
    const unserved = await unservedWarning(this.#config);
    if (unserved !== null) this.#warnings = [...this.#warnings, unserved];
  }

  async #renewTls(): Promise<void> {
    const renewed = await readTls(this.#config);
    if (renewed !== null) this.#deps.listening.renewTls(renewed);
    this.#certificateEndsAt = renewed && endOf(renewed.cert);
    this.#certificateWarning = tlsWarning(this.#config, renewed);
    if (this.#certificateWarning !== null) this.#deps.logging.log.warning(this.#certificateWarning);
  }

  #refuse(error: unknown): ReloadOutcome {
    if (error instanceof VaultError) return { isChanged: false, problems: error.message };
    return { isChanged: false, problems: `This is a bug in Artifact Vault: ${String(error)}` };
  }

  async #keeping(name: string, reopen: () => void | Promise<void>): Promise<void> {
    try {
      await reopen();
    } catch (error) {
      const { log } = this.#deps.logging;
      log.error(`The ${name} stays what it was: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Returns how a configuration wants its log written. */
export function logRulesOf({ log_level: level, log_format: format, log_file: file }: Config): LogRules {
  return { level, format, ...file !== undefined && { file } };
}

function report(outcome: ReloadOutcome, log: Log): void {
  if (!outcome.isChanged) return log.error(`The configuration stays what it was: ${outcome.problems}`);
  const { changes, waiting, warnings } = outcome;
  for (const warning of warnings) log.warning(warning);
  for (const line of changes) log.info(`Changed: ${line}`);
  for (const line of waiting) log.warning(`Needs a restart: ${line}`);
  if (changes.length + waiting.length === 0) log.info("The configuration has not changed");
}
