import { VaultError } from "../errors.ts";
import { asPermissionMissing, permissionMissing } from "./permission.ts";

/** Reads one environment variable; undefined where it is not set. Throws `permission_missing`. */
export type Env = (name: string) => string | undefined;

/** The environment of this process. */
export const processEnv: Env = (name) => {
  try {
    return Deno.env.get(name);
  } catch (error) {
    throw asPermissionMissing(error) ?? error;
  }
};

/** Reads a variable that is not needed: without the permission to read it, it counts as not set. */
export function optionalEnv(env: Env, name: string): string | undefined {
  try {
    return env(name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Reads all of `names`; throws one `permission_missing` that names every variable that may not be read. */
export function readEnv(env: Env, names: Iterable<string>): ReadonlyMap<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  const refused: string[] = [];
  for (const name of names) {
    try {
      values.set(name, env(name));
    } catch (error) {
      if (!isMissing(error)) throw error;
      refused.push(name);
    }
  }
  if (refused.length === 0) return values;
  const list = refused.join(", ");
  throw permissionMissing(
    `read what the configuration refers to in the environment (${list})`,
    `--allow-env=${refused.join(",")}`,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof VaultError && error.code === "permission_missing";
}
