import { z } from "zod";
import { inventoryOrders } from "../status/inventory.ts";

/*
 * What the API sends, as schemas: OpenAPI is made of them, and a test compares every answer with them. The members are
 * those of status/status.ts.
 */

const count = z.int().min(0);
const bytes = z.int().min(0).describe("Bytes");
const time = z.number().describe("Milliseconds since the epoch");
const timeOrNull = time.nullable();

export const traffic = z.strictObject({
  requests: count,
  hits: count.describe("Requests that the cache answered"),
  misses: count.describe("Requests that upstream was needed for"),
  errors: count.describe("Requests that were answered with 500 or more"),
  sentBytes: bytes,
  fetchedBytes: bytes,
}).meta({ id: "Traffic" });

export const disk = z.strictObject({
  directory: z.string(),
  cacheBytes: z.int(),
  maxBytes: bytes.nullable().describe("cache_max_size; null without it"),
  minFreeBytes: bytes,
  freeBytes: bytes.nullable(),
  diskBytes: bytes.nullable(),
  growthBytesPerDay: z.number().nullable(),
  fullAt: timeOrNull.describe("When the cache meets its limits at this rate"),
}).meta({ id: "Disk" });

export const stats = z.strictObject({
  wellbeing: z.enum(["well", "troubled", "failing"]),
  sentence: z.string(),
  version: z.string(),
  runtime: z.string(),
  startedAt: time,
  isOffline: z.boolean(),
  notReady: z.string().nullable(),
  warnings: z.array(z.string()),
  requestsUnderWay: count,
  total: traffic,
  backends: z.array(z.strictObject({ name: z.string(), type: z.string(), prefix: z.string(), ...traffic.shape })),
  requestsPerSecond: z.number(),
  hitRate: z.number().min(0).max(1).nullable().describe("Since the start; null before there is any"),
  savedBytes: bytes,
  disk,
}).meta({ id: "Stats" });

export const entry = z.strictObject({
  name: z.string().describe("Backend and key"),
  backend: z.string(),
  sizeBytes: bytes,
  storedAt: time,
  usedAt: timeOrNull.describe("When its body was last used; null without a body"),
  isUnused: z.boolean().describe("True where nobody has asked for it again since it arrived"),
}).meta({ id: "Entry" });

export const entryPage = z.strictObject({
  entries: z.array(entry),
  next: z.string().nullable().describe("The cursor of the next page; null at the end"),
}).meta({ id: "EntryPage" });

const headers = z.array(z.array(z.string()).length(2));

export const entryDetails = z.strictObject({
  name: z.string(),
  backend: z.string(),
  key: z.string(),
  url: z.string().describe("Where it came from, without credentials"),
  location: z.string().optional().describe("Where redirects led to from there"),
  sizeBytes: bytes,
  sha256: z.string(),
  isStored: z.boolean().describe("True where its body is in the cache"),
  storedAt: time,
  validatedAt: time,
  usedAt: timeOrNull,
  freshness: z.string(),
  decision: z.enum(["serve", "revalidate", "fetch", "refuse"]).nullable().describe("What the next client causes"),
  next: z.string().describe("What the next client gets, in words"),
  headers,
  variesBy: headers,
  pins: z.array(z.string()),
  sameBytes: z.array(z.string()).describe("The names of other entries with the same bytes"),
  parkedBytes: bytes,
  absent: z.strictObject({ status: z.int(), at: time, message: z.string() }).nullable(),
}).meta({ id: "EntryDetails" });

export const inventory = z.strictObject({
  at: timeOrNull.describe("When the cache directory was read; null before it has been"),
  isReading: z.boolean(),
  entriesRead: count.describe("Entries that have been read so far, while it is being read"),
  entries: count,
  backends: z.array(
    z.strictObject({ name: z.string(), entries: count, entryBytes: bytes, unusedEntries: count }),
  ),
  largest: z.array(entry),
  newest: z.array(entry),
  neverUsed: z.array(entry),
  mostUsed: z.array(z.strictObject({ name: z.string(), hits: count })),
}).meta({ id: "Inventory" });

export const transfers = z.array(
  z.strictObject({
    name: z.string(),
    backend: z.string(),
    key: z.string(),
    upstream: z.string(),
    since: time,
    followers: count,
    receivedBytes: bytes,
    sizeBytes: bytes.nullable(),
    bytesPerSecond: z.number(),
    silentSeconds: count.describe("Since the last bytes came; before the first ones, since it began"),
    secondsLeft: z.number().nullable(),
  }).meta({ id: "Transfer" }),
);

export const upstreams = z.array(
  z.strictObject({
    origin: z.string(),
    backends: z.array(z.string()),
    state: z.enum(["unknown", "answers", "slow", "failing", "down"]),
    failingSince: timeOrNull,
    lastError: z.string().nullable(),
    lastErrorAt: timeOrNull,
    lastAnswerAt: timeOrNull,
    requests: count,
    failures: z.record(z.string(), count),
    retries: count,
    firstByteMs: z.number().nullable(),
    quota: z.strictObject({ remaining: z.number(), limit: z.number().nullable() }).nullable(),
    login: z.enum(["none", "set", "accepted", "refused"]).describe(
      "The vault's credentials: none, not sent yet, or what the upstream made of them",
    ),
  }).meta({ id: "Upstream" }),
);

export const problems = z.array(
  z.strictObject({
    code: z.string(),
    title: z.string(),
    advice: z.string(),
    backend: z.string(),
    count,
    firstAt: time,
    lastAt: time,
    message: z.string(),
    path: z.string(),
    requestId: z.string(),
  }).meta({ id: "ProblemGroup" }),
);

export const requests = z.array(
  z.strictObject({
    at: time,
    method: z.string(),
    path: z.string(),
    backend: z.string(),
    entry: z.string(),
    status: z.int(),
    cache: z.string(),
    bytes,
    ms: count,
    client: z.string().describe("Empty for who is no administrator"),
    requestId: z.string(),
    upstream: z.string(),
    reason: z.string(),
    note: z.string(),
  }).meta({ id: "Request" }),
);

const backends = z.record(z.string(), traffic);
const sum = z.strictObject({ total: traffic, backends }).meta({ id: "HistorySum" });
const slot = z.strictObject({ from: time, total: traffic, backends, cacheBytes: bytes.nullable() }).meta({
  id: "HistorySlot",
});

export const history = z.strictObject({
  now: sum,
  hour: sum,
  day: sum,
  month: sum,
  minutes: z.array(slot),
  hours: z.array(slot),
  days: z.array(slot),
}).meta({ id: "History" });

export const misses = z.array(
  z.strictObject({ line: z.string(), backend: z.string(), count, first: time, last: time }).meta({ id: "Miss" }),
);

export const pins = z.array(z.strictObject({ pattern: z.string(), since: z.string().optional() }).meta({ id: "Pin" }));

export const configuration = z.record(z.string(), z.unknown());

export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
}).meta({ id: "Problem" });

const part = z.string().max(1000);

export const entriesQuery = z.strictObject({
  search: part.optional().describe("A part of the name, in any case"),
  backend: part.optional(),
  sort: z.enum(inventoryOrders).optional().describe("name where absent"),
  cursor: part.optional().describe("From the page before"),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const noQuery = z.strictObject({});

/** For names whose own query may stand behind them. */
export const anyQuery = z.looseObject({});

export const eventStream = z.string().meta({ mediaType: "text/event-stream" });
