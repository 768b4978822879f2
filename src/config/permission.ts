import { VaultError } from "../errors.ts";

/** A missing Deno permission as an error that says what was not allowed and which flag allows it. */
export function permissionMissing(action: string, flag: string, cause?: unknown): VaultError {
  const remedy = Deno.build.standalone
    ? `this executable was compiled without ${flag}; compile it again with that flag`
    : `start Deno with ${flag}`;
  return new VaultError("permission_missing", `Not permitted to ${action}: ${remedy}`, { cause });
}

const verbs = new Map([
  ["read", "read"],
  ["write", "write to"],
  ["env", "read the environment variable"],
  ["net", "use the network address"],
  ["sys", "ask the system for"],
]);

/** The same for what Deno throws (`Requires read access to "./x", …`); null for every other error. */
export function asPermissionMissing(error: unknown): VaultError | null {
  if (!(error instanceof Deno.errors.NotCapable)) return null;
  const [, kind = "all", target] = /^Requires (\w+) access(?: to "([^"]*)")?/.exec(error.message) ?? [];
  const flag = target === undefined || kind === "all" ? `--allow-${kind}` : `--allow-${kind}=${target}`;
  return permissionMissing(actionOf(kind, target), flag, error);
}

function actionOf(kind: string, target: string | undefined): string {
  const verb = verbs.get(kind) ?? "use";
  return target === undefined ? `${verb} what it needs` : `${verb} "${target}"`;
}
