import { VaultError } from "../errors.ts";

/** The variables of `make compile` that grant rights. */
const variables: Readonly<Record<string, string>> = { read: "CONFIG", write: "CACHE_DIR", net: "NET" };

/** Makes the error for a missing Deno permission. It says what was not allowed and which flag allows it. */
export function permissionMissing(action: string, flag: string, cause?: unknown): VaultError {
  const remedy = Deno.build.standalone ? remedyOfExecutable(flag) : `start Deno with ${flag}`;
  return new VaultError("permission_missing", `Not permitted to ${action}: ${remedy}`, { cause });
}

/** Returns the advice for an executable that was compiled without a right. */
export function remedyOfExecutable(flag: string): string {
  const [, kind = "", value = ""] = /^--allow-(\w+)=?(.*)$/.exec(flag) ?? [];
  const variable = variables[kind];
  const how = variable && value ? `add ${value} to ${variable} of make compile` : "compile it again with that flag";
  return `this executable was compiled without ${flag}; ${how}`;
}

const verbs = new Map([
  ["read", "read"],
  ["write", "write to"],
  ["env", "read the environment variable"],
  ["net", "use the network address"],
  ["sys", "ask the system for"],
]);

/** Converts an error that Deno throws (`Requires read access to "./x", …`); null for every other error. */
export function asPermissionMissing(error: unknown): VaultError | null {
  if (!(error instanceof Deno.errors.NotCapable)) return null;
  const [, kind = "all", target] = /^Requires (\w+) access(?: to "([^"]*)")?/.exec(error.message) ?? [];
  if (target !== undefined && openFile.test(target)) {
    return new VaultError("permission_missing", openFileRefused(target), { cause: error });
  }
  const flag = target === undefined || kind === "all" ? `--allow-${kind}` : `--allow-${kind}=${target}`;
  return permissionMissing(actionOf(kind, target), flag, error);
}

/** Names that the system gives to files that a process has open; shells make them for `<(command)`. */
const openFile = /^\/(?:dev\/(?:stdin|stdout|stderr|fd\/\d+)|proc\/(?:self|\d+)\/fd\/\d+)$/;

function openFileRefused(path: string): string {
  return `Cannot use "${path}": the runtime opens no file by such a name. Name the file itself, or a named pipe; for ` +
    "standard input and output, a command that takes them wants -";
}

function actionOf(kind: string, target: string | undefined): string {
  const verb = verbs.get(kind) ?? "use";
  return target === undefined ? `${verb} what it needs` : `${verb} "${target}"`;
}
