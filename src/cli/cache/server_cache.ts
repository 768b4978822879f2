import { base } from "../../api/paths.ts";
import type { CommandName, Inputs, Line } from "../../cache_commands/contract.ts";
import { type ErrorCode, errorStatus, messageOf, VaultError } from "../../errors.ts";
import type { Pin } from "../../inventory/pins.ts";
import { linesOfAnswer } from "../control/answer_lines.ts";
import { jsonOf, noVault, refusalOf } from "../control/json_answer.ts";
import type { VaultApi } from "../control/vault_api.ts";
import { readUsage } from "./usage.ts";
import type { OpenedCache } from "./opened_cache.ts";

const patienceMs = 30_000;

/** Opens the cache of a server, which does the work. Throws a VaultError where it does not answer. */
export async function openServerCache(api: VaultApi): Promise<OpenedCache> {
  const get = (path: string) => asked(api, { method: "GET", path: base + path, body: null });
  const post = (path: string, body: unknown) => asked(api, { method: "POST", path: base + path, body });
  const stats = await get("/stats");
  if (!isStats(stats)) throw refused(api, noVault);
  const { disk, backends } = stats;
  return {
    dir: disk.directory,
    maxBytes: disk.maxBytes,
    configured: backends.map(({ name }) => name),
    run: (name, input, signal) => runOnServer(api, name, { input, signal }),
    usage: () => readUsage(api),
    pins: async () => await get("/pins") as readonly Pin[],
    addPins: async (patterns) => (await post("/pin", { patterns }) as { readonly added: readonly string[] }).added,
    removePins: async (patterns) =>
      (await post("/unpin", { patterns }) as { readonly removed: readonly string[] }).removed,
  };
}

interface ServerStats {
  readonly disk: { readonly directory: string; readonly maxBytes: number | null };
  readonly backends: readonly { readonly name: string }[];
}

function isStats(value: unknown): value is ServerStats {
  const { disk, backends } = (value ?? {}) as Partial<ServerStats>;
  return typeof disk?.directory === "string" && Array.isArray(backends);
}

async function asked(api: VaultApi, request: Parameters<VaultApi["ask"]>[0]): Promise<unknown> {
  try {
    return await jsonOf(api, request, patienceMs);
  } catch (error) {
    throw refused(api, messageOf(error), error);
  }
}

function refused({ url }: VaultApi, why: string, cause?: unknown): VaultError {
  return new VaultError("upstream_failed", `Cannot work on the cache of the vault at ${url}: ${why}`, { cause });
}

interface Asked<Name extends CommandName> {
  readonly input: Inputs[Name];
  readonly signal: AbortSignal;
}

async function* runOnServer<Name extends CommandName>(
  api: VaultApi,
  command: Name,
  { input, signal }: Asked<Name>,
): AsyncGenerator<Line<Name>> {
  const { status, body } = await api.ask({ method: "POST", path: `${base}/cache`, body: { command, input } }, signal);
  if (status !== 200) {
    throw refused(api, refusalOf(status, await new Response(body).text()));
  }
  let isWhole = false;
  for await (const text of linesOfAnswer(body)) {
    const line = JSON.parse(text) as Line<Name> | { readonly error: ToldError };
    if ("error" in line) throw errorOf(line.error);
    isWhole ||= "result" in line;
    yield line;
  }
  if (isWhole) return;
  throw new VaultError(
    "upstream_down",
    `The server at ${api.url} has ended before it was done; what it did stays done`,
  );
}

interface ToldError {
  readonly code: string;
  readonly message: string;
}

function errorOf({ code, message }: ToldError): VaultError {
  return new VaultError(Object.hasOwn(errorStatus, code) ? code as ErrorCode : "upstream_failed", message);
}
