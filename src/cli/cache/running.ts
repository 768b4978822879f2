import { base } from "../../api/paths.ts";
import { VaultError } from "../../errors.ts";
import { entryName } from "../../inventory/entry_name.ts";
import type { Next } from "../../status/next_request.ts";
import type { Entry } from "../../store/store.ts";
import { jsonOf } from "../control/json_answer.ts";
import { findServers, type RunningServer } from "../control/running_servers.ts";

/** A server on this machine answers at once, unless it is stopped or has too much to do. */
const patienceMs = 5000;

/**
 * The servers that run on a cache directory, which know what the directory does not tell. None where this user may not
 * ask them: the directory is then all there is.
 */
export async function serversOn(dir: string): Promise<readonly RunningServer[]> {
  try {
    return await findServers(dir);
  } catch (error) {
    if (error instanceof VaultError || error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

/** Asks a server for JSON; null where it gives none, such as one of another version. */
async function askServer({ api }: RunningServer, path: string): Promise<unknown> {
  return await jsonOf(api, { method: "GET", path, body: null }, patienceMs).catch(() => null);
}

/**
 * Has the servers on a directory take note of what was changed in it, so that none of them serves what is gone, and count
 * what was found damaged. One that does not answer finds out by itself within five seconds what was changed.
 */
export async function tellServers(dir: string, found: { readonly damagedBodies?: number } = {}): Promise<void> {
  const servers = await serversOn(dir);
  const refresh = { method: "POST", path: `${base}/refresh`, body: found } as const;
  await Promise.all(servers.map(({ api }) => jsonOf(api, refresh, patienceMs).catch(() => null)));
}

/**
 * The backends that servers never ask the upstreams of, by the configurations that are in force there: what those have
 * cached could not be fetched again.
 */
export async function offlineBackendsOf(servers: readonly RunningServer[]): Promise<readonly string[]> {
  const names = servers.map(async (server) => {
    const { offline, backends } = asConfiguration(await askServer(server, `${base}/config`));
    return backends.filter((backend) => offline || backend.config?.offline === true).map(({ name }) => name);
  });
  return (await Promise.all(names)).flat();
}

interface ShownConfiguration {
  readonly offline: boolean;
  readonly backends: readonly { readonly name: string; readonly config?: { readonly offline?: boolean } }[];
}

function asConfiguration(value: unknown): ShownConfiguration {
  const { offline = false, backends = [] } = (value ?? {}) as Partial<ShownConfiguration>;
  return { offline, backends };
}

/**
 * What the next client of some entries of one name gets, as the first server on a directory says: it is the one that will
 * be asked. Null without a server, and where that speaks of other entries than these.
 */
export async function nextToldBy(dir: string, entries: readonly Entry[]): Promise<readonly Next[] | null> {
  const [server] = await serversOn(dir);
  if (server === undefined) return null;
  const answer = await askServer(server, `${base}/entries/${encodeURIComponent(entryName(entries[0]!))}`);
  const told = Array.isArray(answer) ? answer as readonly Told[] : [];
  const isSame = told.length === entries.length &&
    told.every(({ sha256, next, freshness }, at) =>
      sha256 === entries[at]!.sha256 && typeof next === "string" && typeof freshness === "string"
    );
  return isSame ? told.map(({ decision, next: answer, freshness }) => ({ decision, answer, freshness })) : null;
}

interface Told extends Omit<Next, "answer"> {
  readonly sha256: string;
  readonly next: string;
}
