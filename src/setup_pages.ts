import { VaultError } from "./errors.ts";
import type { Target } from "./http/path.ts";
import { type OwnPages, vaultUrl } from "./server/own_pages.ts";
import { problemReply, wrongMethod } from "./server/problem.ts";
import { type Reply, textReply } from "./server/reply.ts";
import { findClient } from "./setup/clients.ts";
import { isSetupPage, setupPath } from "./setup/path.ts";
import { composeScript } from "./setup/script/compose.ts";
import {
  addressFor,
  canBeGiven,
  type ClientsBackend,
  repositoriesOf,
  scriptLine,
  servedClients,
} from "./setup/served_clients.ts";
import { parseVaultAddress } from "./setup/vault_address.ts";

/** Creates the pages that point clients at this vault: the list of clients, and a script for each. */
export function createSetupPages(backends: () => readonly ClientsBackend[]): OwnPages {
  return {
    answer(method, target, _headers, info) {
      if (!isSetupPage(target.path)) return null;
      if (method !== "GET" && method !== "HEAD") return wrongMethod(method, ["GET", "HEAD"]);
      return answer(method, target, { backends: backends(), url: vaultUrl(target, info) });
    },
  };
}

interface Vault {
  readonly backends: readonly ClientsBackend[];
  readonly url: string;
}

/** What was asked for is never repeated: somebody may run the answer without looking at its status. */
function answer(method: string, { path, query }: Target, vault: Vault): Reply {
  try {
    const name = path.slice(setupPath.length + 1);
    const text = name === "" ? listOf(vault) : scriptOf(name, new URLSearchParams(query), vault);
    if (text !== null) return textReply(method, text, { headers: [["x-content-type-options", "nosniff"]] });
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== "bad_request") throw error;
    return problemReply(method, { status: 400, detail: "Clients cannot be given the address of this request" });
  }
  const names = servedClients(vault.backends).map(({ client }) => client.name);
  return problemReply(method, {
    status: 404,
    detail: `This vault has no backend for such a client. It serves: ${names.join(", ") || "none"}`,
  });
}

function scriptOf(name: string, query: URLSearchParams, { backends, url }: Vault): string | null {
  const client = findClient(name);
  const served = servedClients(backends).find((one) => one.client === client);
  const [wanted, prefix] = [query.get("backend"), query.get("prefix")];
  const backend = served?.backends.find((one) =>
    (wanted === null || one.name === wanted) && (prefix === null || one.prefix === prefix)
  );
  if (served === undefined || backend === undefined) return null;
  if (query.has("repositories")) {
    return repositoriesOf(backends).map(({ url, prefix }) => `${url} ${prefix}\n`).join("");
  }
  return composeScript(served.client, addressFor({ client: served.client, backend, all: backends, url }));
}

/** Throws `bad_request` where the URL cannot be given to clients. */
function listOf({ backends, url }: Vault): string {
  parseVaultAddress(url, "");
  const served = servedClients(backends).filter(({ client, backends: [backend] }) =>
    canBeGiven({ client, backend, all: backends, url })
  );
  const lines = served.map(({ client }) =>
    `${client.name.padEnd(12)} ${client.title}\n${" ".repeat(13)}${scriptLine(url, client)}\n`
  );
  if (lines.length === 0) {
    return "This vault has no backend of a client that setup knows: curl and wget need no settings.\n";
  }
  return [
    `These lines point clients at ${url}:\n\n`,
    ...lines,
    "\nBehind sh, -s -- --dry-run shows what would change and changes nothing, and -s -- --undo restores what was there;\n",
    "--system and --user choose whose settings. In place of curl -fsS, wget -qO- will do.\n",
  ].join("");
}
