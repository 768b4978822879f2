import { asPermissionMissing } from "../config/permission.ts";
import { VaultError } from "../errors.ts";
import { indented } from "../observe/shown_text.ts";
import { parseArguments, type Parsed } from "./arguments.ts";
import { loadCommands, loadCommandsIn } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { harmless, type Io, processIo } from "./io.ts";
import { asSystemFailure } from "./system_failure.ts";
import { version } from "./version.ts";

/** Runs a command line. Resolves with the exit code: 0, 1 for failures, 2 for wrong usage or configuration. */
export async function run(args: readonly string[], surroundings: Io = processIo): Promise<number> {
  const io = harmless(surroundings);
  const parsed = await parse(args);
  switch (parsed.kind) {
    case "mistake":
      io.stderr(`${parsed.message}\nSee ${["artifact-vault", ...parsed.words, "--help"].join(" ")}\n`);
      return 2;
    case "version":
      io.stdout(`artifact-vault ${version}\n`);
      return 0;
    case "help":
      io.stdout(parsed.named === undefined ? programHelp(await loadCommands()) : commandHelp(parsed.named));
      return 0;
    case "run":
      return await parsed.action.run(parsed.given, io).catch((error) => report(error, io));
  }
}

/** Loads no command that is not named, unless something is wrong: the message may have to name it. */
async function parse(args: readonly string[]): Promise<Parsed> {
  const parsed = parseArguments(args, await loadCommandsIn(args));
  return parsed.kind === "mistake" ? parseArguments(args, await loadCommands()) : parsed;
}

function report(error: unknown, io: Io): number {
  const known = error instanceof VaultError ? error : asPermissionMissing(error) ?? asSystemFailure(error);
  if (known !== null) {
    // What is wrong with the user's own words and files comes from nobody else, and editors find the places by it.
    const isOwn = known.code === "config_invalid";
    io.stderr(`${isOwn ? known.message : indented(known.message)}\n`);
    return isOwn ? 2 : 1;
  }
  io.stderr(`This is a bug in Artifact Vault: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
