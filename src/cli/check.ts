import { stringify } from "yaml";
import { changesBetweenShown, describeChange } from "../config/changes.ts";
import { loadConfig } from "../config/load.ts";
import { showConfig } from "../config/show.ts";
import type { Config } from "../config/schema.ts";
import { configSchema, warningsOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import type { Action, OptionValues } from "./command.ts";
import { configOptions, configSource, loadOptionsOf } from "./config_options.ts";
import { findServer, pidOf, pidOption } from "./control/running_servers.ts";
import { checkWarm } from "./keep_warm.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "./input_files.ts";
import { unservedWarning } from "./unserved.ts";
import { oldRuntime, refusesUpgrades } from "./runtime.ts";
import { checkWarmLists } from "./warm_lists.ts";

/** Prints the configuration as it is understood, with warnings. Throws all problems, also files that cannot be used. */
export const check: Action = {
  name: "check",
  summary: "Print the configuration with all defaults and without secrets, or everything that is wrong with it",
  examples: [
    "artifact-vault check --config config.yml",
    "artifact-vault check --config config.yml --diff",
  ],
  options: {
    ...configOptions,
    diff: { help: "Print instead what differs from the configuration of the running server, except for secrets" },
    ...pidOption,
  },
  async run({ values }, io) {
    const notes: string[] = [];
    const config = await loadConfig({ ...loadOptionsOf(values, io), warn: (message) => notes.push(message) });
    const shown = showConfig(config, configSchema);
    if (values.diff === undefined) io.stdout(stringify(shown, { lineWidth: 0 }));
    else for (const line of await differences(shown, config, values)) io.stdout(`${line}\n`);
    const ofRuntime = [oldRuntime(), config.tls === undefined ? refusesUpgrades() : null];
    const unserved = await unservedWarning(config);
    const warnings = [
      ...notes,
      ...warningsOf(config),
      ...[unserved, ...ofRuntime].filter((warning) => warning !== null),
    ];
    if (values.config === undefined) io.stderr(`Configuration: ${configSource(values)}\n`);
    for (const warning of warnings) io.stderr(`${warning}\n`);
    // As the start does: what cannot be opened is better known now.
    await throwTogether([() => checkWarm(config), () => checkWarmLists(config), () => checkInputFiles(config)]);
    const ofCertificate = tlsWarning(config, await readTls(config));
    if (ofCertificate !== null) io.stderr(`${ofCertificate}\n`);
    return 0;
  },
};

/** Returns a line for each thing in which a configuration, as it is shown, differs from that of the running server. */
async function differences(shown: unknown, { cache_dir }: Config, values: OptionValues): Promise<string[]> {
  const server = await findServer(cache_dir, pidOf(values));
  const answer = await server.ask("configuration");
  if (answer.kind !== "configuration") throw new VaultError("internal", "The server has not told its configuration");
  const changes = changesBetweenShown(answer.configuration, JSON.parse(JSON.stringify(shown)));
  if (changes.length === 0) return [`the same as that of the server on ${server.url}, except perhaps for secrets`];
  return changes.map((change) => `${change.needsRestart ? "needs a restart: " : ""}${describeChange(change)}`);
}
