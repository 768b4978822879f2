import { messageOf, VaultError } from "../errors.ts";
import { defaultConfigText } from "./default_config.ts";
import { asPermissionMissing } from "./permission.ts";

/** Reads a configuration file, or the built-in one without a path. Throws `config_invalid` or `permission_missing`. */
export async function readConfigFile(path: string | undefined): Promise<string> {
  if (path === undefined) return defaultConfigText;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    throw asPermissionMissing(error) ??
      new VaultError("config_invalid", `Cannot read the configuration "${path}": ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file; correct the path after --config";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory; name the file in it";
  if (error instanceof TypeError) return "it is not text in UTF-8";
  return messageOf(error);
}
