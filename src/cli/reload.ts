import { loadConfig } from "../config/load.ts";
import { VaultError } from "../errors.ts";
import type { Action, OptionValues } from "./command.ts";
import { directoryOptions, loadOptionsOf } from "./config_options.ts";
import type { ReloadOutcome } from "./control/protocol.ts";
import { findServer, pidOf, pidOption } from "./control/running_servers.ts";
import type { Io } from "./io.ts";

/** Lets a running server read its configuration again. */
export const reload: Action = {
  name: "reload",
  summary: "Let the running server read its configuration again, and say what that has changed",
  examples: [
    "artifact-vault reload --config /etc/artifact-vault/config.yml",
    "artifact-vault reload --cache-dir /var/cache/artifact-vault",
  ],
  options: { ...directoryOptions, ...pidOption },
  async run({ values }, io) {
    const server = await findServer(await cacheDirOf(values, io), pidOf(values));
    const answer = await server.ask("reload");
    if (answer.kind !== "reload") throw new VaultError("internal", messageOf(answer));
    return report(answer, io);
  },
};

/** The file may be wrong, and refer to variables that only the server has: its directory on the command line will do. */
async function cacheDirOf(values: OptionValues, io: Io): Promise<string> {
  const dir = values["cache-dir"];
  if (typeof dir === "string") return dir;
  try {
    return (await loadConfig(loadOptionsOf(values, io))).cache_dir;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const advice = "To ask the server all the same, name its directory with --cache-dir";
    throw new VaultError(error.code, `${error.message}\n${advice}`, { cause: error });
  }
}

function messageOf(answer: { readonly kind: string; readonly message?: string }): string {
  return answer.message ?? `The server has answered something else: ${answer.kind}`;
}

function report(outcome: ReloadOutcome, io: Io): number {
  if (!outcome.isChanged) {
    io.stderr(`${outcome.problems}\nThe server keeps the configuration that it had.\n`);
    return 2;
  }
  const { changes, waiting, warnings } = outcome;
  for (const warning of warnings) io.stderr(`${warning}\n`);
  for (const line of changes) io.stdout(`changed: ${line}\n`);
  for (const line of waiting) io.stdout(`needs a restart: ${line}\n`);
  if (changes.length + waiting.length === 0) io.stdout("nothing has changed\n");
  return 0;
}
