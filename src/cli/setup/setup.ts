import { VaultError } from "../../errors.ts";
import {
  carryOut,
  type ChangeOwner,
  checkSettings,
  type Plan,
  planChange,
  planUndo,
  refuseShadow,
} from "../../setup/change.ts";
import type { ClientSetup, FileChange, Scope, VaultAddress } from "../../setup/client_setup.ts";
import { clientNames, clients, findClient } from "../../setup/clients.ts";
import { isOnlyRead } from "../../setup/edit/edit.ts";
import { shownDiff } from "../../setup/edit/line_diff.ts";
import { keptFolder } from "../../setup/kept_change.ts";
import { Machine } from "../../setup/machine.ts";
import { scriptUrl } from "../../setup/path.ts";
import { parseVaultAddress } from "../../setup/vault_address.ts";
import type { Action, OptionValues } from "../command.ts";
import type { Io } from "../io.ts";
import { checkAnswer, readRepositories } from "./check_answer.ts";

/** Points clients at a vault, and takes that back. */
export const setup: Action = {
  name: "setup",
  summary: "Point a client on this machine (docker, pip, npm, apt, ...) at a vault, or undo that",
  examples: [
    "artifact-vault setup",
    "artifact-vault setup pip --url http://vault.example.com:8080",
    "artifact-vault setup docker --url http://vault.example.com:8080 --dry-run",
    "artifact-vault setup pip --undo",
  ],
  operands: {
    usage: "[CLIENT]",
    help: "The client; without one, those that are on this machine are listed",
    least: 0,
    most: 1,
    choices: clientNames,
  },
  options: {
    url: { value: "URL", help: "The vault, as clients reach it; http://127.0.0.1:8080 where absent" },
    prefix: { value: "PATH", help: "The prefix of the backend, where it is not the client's usual one, such as /pypi" },
    "dry-run": { help: "Show what would change, and change nothing" },
    undo: { help: "Take the vault out of the client's settings again" },
    system: { help: "The settings of all users of this machine" },
    user: { help: "The settings of the user who runs this" },
    root: { value: "DIR", help: "The folder that stands for /, such as that of an image" },
    "no-check": { help: "Do not ask the vault first whether it answers" },
  },
  async run({ values, operands }, io) {
    const machine = new Machine({ env: io.env, ...typeof values.root === "string" && { root: values.root } });
    const [name] = operands;
    if (name === undefined) return await list(machine, io);
    const client = findClient(name);
    if (client === null) throw wrong(`"${name}" is no client that can be set up; one of ${clientNames.join(", ")} is`);
    const scope = scopeOf(client, values);
    return values.undo
      ? await undo({ client, scope, machine }, values, io)
      : await apply({ client, scope, machine }, values, io);
  },
};

interface Task {
  readonly client: ClientSetup;
  readonly scope: Scope;
  readonly machine: Machine;
}

async function list(machine: Machine, io: Io): Promise<number> {
  for (const { name, title, programs } of clients) {
    const mark = await machine.hasProgram(programs) ? "on this machine" : "";
    io.stdout(`${name.padEnd(12)} ${mark.padEnd(16)} ${title}\n`);
  }
  return 0;
}

async function apply(task: Task, values: OptionValues, io: Io): Promise<number> {
  const { client } = task;
  const address = addressOf(client, values);
  const isAsked = client.needsRepositories && !values["no-check"];
  const vault = isAsked ? { ...address, repositories: await readRepositories(scriptUrl(client, address)) } : address;
  const refusal = client.refusalOf?.(vault) ?? null;
  if (refusal !== null) throw wrong(refusal);
  const plans: Plan[] = [];
  for (const { path, edit, shadowedBy } of await filesOf(task, vault)) {
    if (shadowedBy !== undefined) await refuseShadow(path, task.machine.resolve(shadowedBy));
    if (isOnlyRead(edit)) await checkSettings(path, edit);
    else plans.push(await planChange(path, edit, ownerOf(task, path)));
  }
  if (!values["no-check"] && !values["dry-run"]) await checkAnswer(scriptUrl(client, vault));
  await carryOutAll(task, plans, values, io);
  for (const name of values.root === undefined ? overridingVariables(client, vault, io) : []) {
    io.stdout(`note: ${name} is set in this environment, which comes before the file: unset it\n`);
  }
  if (client.note !== undefined) io.stdout(`note: ${client.note}\n`);
  return 0;
}

/** The variables that keep a client from what was written; one that names the vault does not. */
function overridingVariables({ variables = [] }: ClientSetup, { url }: VaultAddress, { env }: Io): readonly string[] {
  return variables.filter((name) => {
    const value = env(name) ?? "";
    return value !== "" && !value.startsWith(url);
  });
}

async function undo(task: Task, values: OptionValues, io: Io): Promise<number> {
  const { client } = task;
  // The files are the same for all addresses.
  const files = await filesOf(task, addressOf(client, values));
  const plans = await Promise.all(files.map(({ path }) => planUndo(path, ownerOf(task, path))));
  await carryOutAll(task, plans.filter((plan) => plan !== null), values, io);
  return 0;
}

async function carryOutAll(
  { client, scope }: Task,
  plans: readonly Plan[],
  values: OptionValues,
  io: Io,
): Promise<void> {
  const isChanged = plans.some(({ current, next }) => current !== next);
  for (const plan of plans) {
    if (plan.current !== plan.next) io.stdout(shownDiff(plan.path, plan.current ?? "", plan.next ?? ""));
    else if (values.undo && plan.kept !== null) {
      io.stdout(`"${plan.path}" stays as it is: it is set up for ${plan.kept.clients.join(", ")} too\n`);
    }
    if (!values["dry-run"]) await carryOut(plan);
  }
  if (!isChanged) {
    io.stdout(`nothing to change${values.undo ? `: setup --${scope} has changed nothing for ${client.name}` : ""}\n`);
  } else if (values["dry-run"]) io.stdout("nothing was changed (--dry-run)\n");
  else if (client.restart !== undefined) io.stdout(`next: ${client.restart}\n`);
}

/** The files of a client with their paths on this machine. */
async function filesOf({ client, scope, machine }: Task, vault: VaultAddress): Promise<FileChange[]> {
  const files: FileChange[] = [];
  for (const change of client.files(vault, scope)) {
    const paths = change.isFound ? await machine.find(change.path) : [machine.resolve(change.path)];
    files.push(...paths.map((path) => ({ ...change, path })));
  }
  return files;
}

function ownerOf({ client, machine, scope }: Task, path: string): ChangeOwner {
  return { folder: keptFolder(machine.stateFolder(scope), path), client: client.name };
}

function scopeOf({ name, scopes }: ClientSetup, { system, user }: OptionValues): Scope {
  if (system && user) throw wrong("--system and --user cannot both be meant");
  const scope = system ? "system" : user ? "user" : scopes[0];
  if (!scopes.includes(scope)) throw wrong(`${name} has no settings for --${scope}; leave the option out`);
  return scope;
}

function addressOf({ backend }: ClientSetup, values: OptionValues): VaultAddress {
  const url = typeof values.url === "string" ? values.url : "http://127.0.0.1:8080";
  const chosen = typeof values.prefix === "string" ? `/${values.prefix.replace(/^\/|\/$/g, "")}` : null;
  if (chosen !== null && backend === null) throw wrong("this client asks the root of the vault; leave --prefix out");
  try {
    return parseVaultAddress(url, backend === null ? "" : chosen ?? `/${backend}`);
  } catch (error) {
    throw error instanceof VaultError ? wrong(error.message) : error;
  }
}

function wrong(message: string): VaultError {
  return new VaultError("config_invalid", message);
}
