import { stringify } from "yaml";
import { loadConfig } from "../config/load.ts";
import { showConfig } from "../config/show.ts";
import { configSchema, warningsOf } from "../configuration.ts";
import type { Action } from "./command.ts";
import { configOptions, configSource, loadOptionsOf } from "./config_options.ts";
import { checkWarm } from "./keep_warm.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "./input_files.ts";
import { unservedWarning } from "./unserved.ts";
import { oldRuntime, refusesUpgrades } from "./runtime.ts";
import { checkWarmLists } from "./warm_lists.ts";

/** Prints the configuration as it is understood, with warnings. Throws all problems, also files that cannot be used. */
export const check: Action = {
  name: "check",
  summary: "Print the configuration with all defaults and without secrets, or everything that is wrong with it",
  examples: ["artifact-vault check --config config.yml"],
  options: configOptions,
  async run({ values }, io) {
    const notes: string[] = [];
    const config = await loadConfig({ ...loadOptionsOf(values, io), warn: (message) => notes.push(message) });
    io.stdout(stringify(showConfig(config, configSchema), { lineWidth: 0 }));
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
