import { VaultError } from "../errors.ts";
import {
  addressFor,
  type AddressOptions,
  canBeGiven,
  type ClientsBackend,
  scriptLine,
  type ServedClient,
  servedClients,
} from "./served_clients.ts";
import { parseVaultAddress } from "./vault_address.ts";

/** What the user of a client types or writes to use a backend, in one of these ways. */
export interface ClientLines {
  readonly client: string;
  readonly ways: readonly string[];
}

/** How backends are used without settings that `setup` knows; `at` is the URL of the prefix, `host` the vault's. */
const byHand: Readonly<Record<string, { client: string; lines(at: string, host: string, prefix: string): string }>> = {
  http: { client: "curl", lines: (at) => `curl -fO ${at}/PATH` },
  jsr: { client: "deno", lines: (at) => `JSR_URL=${at}/ deno run FILE` },
  apt: { client: "sources.list", lines: (at) => `deb ${at} SUITE COMPONENT` },
  oci: { client: "docker", lines: (_at, host, prefix) => `docker pull ${host}${prefix}/NAME` },
};
const aliases: Readonly<Record<string, string>> = { dockerhub: "oci" };

/** Returns how clients use one of a vault's backends; there is at least one client. */
export function clientLinesOf(backend: ClientsBackend, all: readonly ClientsBackend[], url: string): ClientLines[] {
  try {
    return linesFor(backend, all, url);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const lines = "The address of this page cannot be given to clients: open it by another name of the vault";
    return [{ client: backend.type, ways: [lines] }];
  }
}

/** Throws `bad_request` where the URL cannot be given to clients. */
function linesFor(backend: ClientsBackend, all: readonly ClientsBackend[], url: string): ClientLines[] {
  const { host } = parseVaultAddress(url, "");
  const settings = servedClients(all).filter((served) =>
    isShownAt(served, backend) && canBeGiven({ client: served.client, backend, all, url })
  )
    .map(({ client, backends }) => ({
      client: client.name,
      ways: waysOf({ client, backend, all, url }, backends[0]),
    }));
  const { type, prefix } = backend;
  const at = url + (prefix === "/" ? "" : prefix);
  const other = byHand[aliases[type] ?? type] ?? { client: type, lines: () => at };
  const isAlone = settings.length === 0 || type === "apt" || type === "http";
  return isAlone ? [...settings, { client: other.client, ways: [other.lines(at, host, prefix)] }] : settings;
}

/** Clients that are served at the root are shown once. */
function isShownAt({ client, backends }: ServedClient, backend: ClientsBackend): boolean {
  return client.backend === null ? backends[0] === backend : backends.includes(backend);
}

/** By settings, and without. */
function waysOf(options: AddressOptions, usual: ClientsBackend): string[] {
  const { client, backend, url } = options;
  const settings = scriptLine(url, client, backend === usual ? undefined : backend);
  const once = client.once?.(addressFor(options));
  return once === undefined ? [settings] : [settings, once];
}
