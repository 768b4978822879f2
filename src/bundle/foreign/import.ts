import { type AppDeps, createApp } from "../../app.ts";
import type { Shelving } from "../../backends/backend_type.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import type { Shelf, ShelfBackend, ShelfItem, ShelfRequest } from "../../shelf.ts";
import { createClientInProcess } from "../../warm/client_in_process.ts";
import type { VaultClient } from "../../warming.ts";
import { checkSourceRoom } from "./check_source_room.ts";
import { eagerConfig, offlineConfig } from "./import_config.ts";
import type { ForeignPart, ForeignSource } from "./recognise.ts";
import { digestOfAnswer, type Outcome, sendRequest } from "./send_request.ts";

export interface ImportOptions {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  /** The names of the source that mean other names here; none where absent. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** True asks for nothing: what would be imported is only named. */
  readonly dryRun?: boolean;
  readonly openFilesLimit?: number;
  readonly signal?: AbortSignal;
  /** For tests, as that of `createApp`. */
  readonly hashThread?: AppDeps["hashThread"];
}

/** What became of one thing of a source. */
export interface ForeignOutcome {
  readonly name: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
  /** True where nothing says which digest the body has. */
  readonly isUnverified: boolean;
}

/**
 * Imports a foreign source: the vault is opened in this process with the source in place of its network, and asked for
 * all that the source has, as clients would. So each body is checked as usual, and nothing is downloaded. Yields what
 * became of each thing. Throws as `createApp` and `checkSourceRoom`, `bad_request` for a source that has nothing, and the
 * reason of the signal.
 */
export async function* importForeign(source: ForeignSource, options: ImportOptions): AsyncGenerator<ForeignOutcome> {
  const { dryRun = false, signal } = options;
  let shelf: Shelf | undefined;
  await using vaults = await openVaults((request) => shelf!.fetch(request), options);
  const itemsOf = (part: ForeignPart, isDryRun: boolean) => {
    shelf = part.shelf;
    return shelf.items({
      backends: part.backends.map((backend) => shelfBackendOf(backend, part)),
      renamed: options.renamed ?? new Map(),
      isDryRun,
      ask: (request, method) => ask(vaults.eager, request, { method, signal }),
      askCached: (request) => ask(vaults.cached, request, { signal }),
    });
  };
  const isCached = async (request: ShelfRequest) => (await ask(vaults.cached, request, { method: "HEAD", signal })).ok;
  if (!dryRun) {
    await checkSourceRoom(source, { config: options.config, itemsOf: (part) => itemsOf(part, true), isCached });
  }
  let isEmpty = source.leftOut.length === 0;
  for (const part of source.parts) {
    const sending = { ...vaults, root: part.name, dryRun, failed: new Set<string>(), signal };
    for await (const outcome of sendAll(itemsOf(part, dryRun), sending)) {
      isEmpty = false;
      yield outcome;
    }
  }
  for (const { name, reason } of source.leftOut) yield unsent(name, { kind: "left_out", reason });
  if (!isEmpty) return;
  const why = `it is ${source.description}, and nothing is in it that can be imported`;
  throw new VaultError("bad_request", `Cannot import "${source.name}": ${why}`);
}

/** Sends requests, several at a time, and yields what became of them in their order. */
async function* sendAll(items: AsyncIterable<ShelfItem>, sending: Sending): AsyncGenerator<ForeignOutcome> {
  const pending: Promise<ForeignOutcome>[] = [];
  try {
    for await (const item of items) {
      sending.signal?.throwIfAborted();
      if (item.kind !== "wait") {
        const outcome = outcomeOf(item, sending);
        // One that is not awaited yet must not end the process.
        outcome.catch(() => {});
        pending.push(outcome);
      }
      while (pending.length >= (item.kind === "wait" ? 1 : mostAtOnce)) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Small bodies wait for the disk, and not for the processor. */
const mostAtOnce = 8;

interface Sending extends Vaults {
  /** As `ForeignPart.name`. */
  readonly root: string;
  readonly dryRun: boolean;
  /** The `needs` of requests that have failed. */
  readonly failed: Set<string>;
  readonly signal: AbortSignal | undefined;
}

async function outcomeOf(
  item: Exclude<ShelfItem, { kind: "wait" }>,
  { eager, cached, root, dryRun, failed, signal }: Sending,
): Promise<ForeignOutcome> {
  const { name } = item;
  if (item.kind === "cached") return unsent(name, { kind: "cached" });
  if (item.kind !== "request") return unsent(name, { kind: item.kind, reason: item.reason });
  const { sizeBytes, request, needs, file, mayChange = false, isUnverified = false } = item;
  if (needs !== undefined && failed.has(needs)) {
    return unsent(name, { kind: "left_out", reason: "not all of it could be imported" });
  }
  if (dryRun) return { name, sizeBytes, outcome: { kind: "found" }, isUnverified };
  const before = mayChange ? await digestOfAnswer(await ask(cached, request, { signal })) : null;
  const outcome = await sendRequest({ client: eager, request, sizeBytes, before, signal });
  if (outcome.kind !== "failed") return { name, sizeBytes, outcome, isUnverified };
  if (needs !== undefined) failed.add(needs);
  const reason = file === undefined ? outcome.reason : withFile(outcome.reason, `${root}/${file}`);
  return { name, sizeBytes, outcome: { kind: "failed", reason }, isUnverified };
}

/** Upstream is the source here: what the vault says of a URL is so of the file that was sent for it. */
function withFile(reason: string, file: string): string {
  return reason.replace(/"https?:\/\/[^"\s]*"/g, () => `"${file}"`);
}

function unsent(name: string, outcome: Outcome): ForeignOutcome {
  return { name, sizeBytes: 0, outcome, isUnverified: false };
}

function ask(
  client: VaultClient,
  { path, headers }: ShelfRequest,
  { method, signal }: { readonly method?: "GET" | "HEAD" | undefined; readonly signal: AbortSignal | undefined },
): Promise<Response> {
  return client.request(path, { ...method && { method }, ...headers && { headers }, ...signal && { signal } });
}

interface Vaults {
  /** Asks the source for what is not cached, and for what may have changed. */
  readonly eager: VaultClient;
  /** Answers with what is cached. */
  readonly cached: VaultClient;
}

async function openVaults(transport: Shelf["fetch"], options: ImportOptions): Promise<Vaults & AsyncDisposable> {
  const { config, log, version, openFilesLimit, hashThread } = options;
  const deps = {
    ...{ log, version, transport, asksOnce: true },
    ...openFilesLimit !== undefined && { openFilesLimit },
    ...hashThread && { hashThread },
  };
  const eager = await createApp(eagerConfig(config), deps);
  const cached = await createApp(offlineConfig(config), deps);
  return {
    eager: createClientInProcess(eager),
    cached: createClientInProcess(cached),
    async [Symbol.asyncDispose]() {
      await eager.close(0);
      await cached.close(0);
    },
  };
}

function shelfBackendOf(backend: BackendConfig, { type }: ForeignPart): ShelfBackend {
  const { urlsOf } = type.shelving as Shelving;
  return { name: backend.name, prefix: backend.config.prefix, urls: urlsOf(backend) };
}
