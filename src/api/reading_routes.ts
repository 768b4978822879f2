import { hitRateOf, savedBytesOf } from "../observe/traffic.ts";
import { readPins } from "../inventory/pins.ts";
import type { KnownMisses } from "../store/misses.ts";
import type { Status } from "../status/status.ts";
import { VaultError } from "../errors.ts";
import * as schemas from "./schemas.ts";
import { type Route, route } from "./route.ts";

/** Everything about one entry, by `EntryDetails` of schemas.ts. */
export type DescribeEntry = (name: string) => Promise<readonly unknown[]>;

export interface ReadingDeps {
  readonly status: Status;
  readonly cacheDir: string;
  readonly misses: KnownMisses;
  /** None where nothing of this name is cached. */
  readonly describeEntry: DescribeEntry;
}

/** What can be looked at. */
export function readingRoutes({ status, cacheDir, misses, describeEntry }: ReadingDeps): readonly Route[] {
  const { query, noQuery } = { query: schemas.entriesQuery, noQuery: schemas.noQuery };
  const simple = (path: string, summary: string, schema: Route["query"], body: () => unknown) =>
    route({ method: "GET", path, summary, query: noQuery, answers: { 200: schema }, answer: () => ({ body: body() }) });
  return [
    simple("/stats", "How the vault is, and what it has done since its start", schemas.stats, () => statsOf(status)),
    simple("/history", "The traffic of the last minutes, hours and days", schemas.history, () => status.history()),
    simple("/upstreams", "The upstream hosts", schemas.upstreams, () => status.upstreams()),
    simple("/transfers", "The transfers under way", schemas.transfers, () => status.transfers()),
    simple("/problems", "What went wrong lately, and what to do about it", schemas.problems, () => status.problems()),
    simple("/inventory", "What is in the cache, in short", schemas.inventory, () => status.inventory.summary()),
    simple("/pins", "The pins", schemas.pins, () => readPins(cacheDir)),
    route({
      method: "GET",
      path: "/requests",
      summary: "The last requests to backends, the latest first",
      query: noQuery,
      answers: { 200: schemas.requests },
      answer: ({ isAdministrator }) => ({
        body: status.requests().map((one) => isAdministrator ? one : { ...one, client: "" }),
      }),
    }),
    route({
      method: "GET",
      path: "/entries",
      summary: "Entries of the cache, a page at a time",
      query,
      answers: { 200: schemas.entryPage },
      answer: async ({ query }) => ({ body: await status.inventory.page(query) }),
    }),
    route({
      method: "GET",
      path: "/entries/{name}",
      summary: "Everything about one entry, one object for each variant",
      query: schemas.anyQuery,
      answers: { 200: schemas.entryDetails.array() },
      answer: async ({ name, rawQuery }) => ({ body: await detailsOf(name, rawQuery, describeEntry) }),
    }),
    route({
      method: "GET",
      path: "/misses",
      summary: "What clients missed while the vault was offline, the latest last",
      query: noQuery,
      answers: { 200: schemas.misses },
      isPrivate: true,
      answer: async () => ({ body: await misses.list() }),
    }),
    route({
      method: "GET",
      path: "/config",
      summary: "The configuration that is in use, with its defaults and without secrets",
      query: noQuery,
      answers: { 200: schemas.configuration },
      isPrivate: true,
      answer: () => ({ body: status.configuration() }),
    }),
  ];
}

/** The overview and the disk together. */
export function statsOf(status: Status) {
  const overview = status.overview();
  const { total } = overview;
  return { ...overview, hitRate: hitRateOf(total), savedBytes: savedBytesOf(total), disk: status.disk() };
}

/** A name may be written as it is, with its query behind it, or wholly escaped. */
export function namesIn(path: string, rawQuery: string): readonly string[] {
  const decoded = decodedOrNull(path);
  return [...new Set([path + rawQuery, path, ...decoded === null ? [] : [decoded]])];
}

async function detailsOf(path: string, rawQuery: string, describeEntry: DescribeEntry): Promise<readonly unknown[]> {
  const names = namesIn(path, rawQuery);
  for (const name of names) {
    const details = await describeEntry(name);
    if (details.length > 0) return details;
  }
  throw new VaultError("not_found", `"${names[0]}" is not in the cache; /-/api/v1/entries?search= finds names`);
}

function decodedOrNull(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
