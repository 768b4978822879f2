import { stringify } from "yaml";
import { loadConfig } from "../config/load.ts";
import { presentConfig } from "../config/present.ts";
import { warningsOf } from "../config/warnings.ts";
import type { Command } from "./command.ts";
import { configOptions, loadOptionsOf } from "./config_options.ts";
import { oldRuntime, refusesUpgrades } from "./runtime.ts";

/** Prints the configuration as it is understood, and what is odd about it; what is wrong is thrown by `loadConfig`. */
export const check: Command = {
  name: "check",
  summary: "Print the configuration with all defaults and without secrets, or everything that is wrong with it",
  examples: ["artifact-vault check --config config.yml"],
  options: configOptions,
  async run(values, io) {
    const config = await loadConfig(loadOptionsOf(values, io));
    io.stdout(stringify(presentConfig(config), { lineWidth: 0 }));
    const ofRuntime = [oldRuntime(), config.tls === undefined ? refusesUpgrades() : null];
    const warnings = [...warningsOf(config), ...ofRuntime.filter((warning) => warning !== null)];
    for (const warning of warnings) io.stderr(`${warning}\n`);
    return 0;
  },
};
