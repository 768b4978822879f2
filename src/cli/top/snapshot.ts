import { z } from "zod";
import { VaultError } from "../../errors.ts";

/*
 * What is shown of the events of a vault (api/schemas.ts). The server may be of another version: what is not shown is
 * not looked at.
 */

const traffic = z.object({
  requests: z.number(),
  hits: z.number(),
  misses: z.number(),
  errors: z.number(),
  sentBytes: z.number(),
  fetchedBytes: z.number(),
});

const topics = {
  stats: z.object({
    wellbeing: z.string(),
    sentence: z.string(),
    version: z.string(),
    startedAt: z.number(),
    requestsUnderWay: z.number(),
    requestsPerSecond: z.number(),
    hitRate: z.number().nullable(),
    total: traffic,
    disk: z.object({ cacheBytes: z.number(), maxBytes: z.number().nullable(), freeBytes: z.number().nullable() }),
  }),
  upstreams: z.array(z.object({
    origin: z.string(),
    state: z.string(),
    requests: z.number(),
    firstByteMs: z.number().nullable(),
    failingSince: z.number().nullable(),
    lastError: z.string().nullable(),
    lastErrorAt: z.number().nullable(),
    /** Older servers do not tell. */
    login: z.string().default("none"),
    quota: z.object({ remaining: z.number(), limit: z.number().nullable() }).nullable(),
  })),
  transfers: z.array(z.object({
    name: z.string(),
    followers: z.number(),
    receivedBytes: z.number(),
    sizeBytes: z.number().nullable(),
    bytesPerSecond: z.number(),
    secondsLeft: z.number().nullable(),
  })),
  requests: z.array(z.object({
    at: z.number(),
    method: z.string(),
    path: z.string(),
    status: z.number(),
    cache: z.string(),
    bytes: z.number(),
    ms: z.number(),
    reason: z.string(),
    note: z.string(),
  })),
  problems: z.array(z.object({
    title: z.string(),
    backend: z.string(),
    count: z.number(),
    lastAt: z.number(),
    message: z.string(),
  })),
};

/** What a vault has said of itself last. Times are in ms since the epoch by its clock, sizes in bytes. */
export type Snapshot = { readonly [Topic in keyof typeof topics]: z.output<(typeof topics)[Topic]> };
export type Stats = Snapshot["stats"];
export type Traffic = Stats["total"];
export type Upstream = Snapshot["upstreams"][number];
export type Transfer = Snapshot["transfers"][number];
export type RecentRequest = Snapshot["requests"][number];
export type Problem = Snapshot["problems"][number];

/** The topics of which a snapshot consists, and what is shown of each. */
const topicNames = Object.keys(topics) as readonly (keyof Snapshot)[];

/** Collects what a server says, topic by topic. */
export class SnapshotParts {
  readonly #parsed = new Map<string, unknown>();
  readonly #raw = new Map<string, unknown>();

  /** Takes note of an event; one that is not known is left alone. Throws `upstream_failed` for what is no such event. */
  take(topic: string, data: string): void {
    if (!Object.hasOwn(topics, topic)) return;
    const value = parsedOrUndefined(data);
    const { data: parsed, error } = topics[topic as keyof Snapshot].safeParse(value);
    if (error !== undefined) {
      const [{ path = [], message = "it is no JSON" } = {}] = error.issues;
      const where = [topic, ...path].join(".");
      throw new VaultError(
        "upstream_failed",
        `This is no server of a version that is understood: ${where}: ${message}`,
      );
    }
    this.#parsed.set(topic, parsed);
    this.#raw.set(topic, value);
  }

  /** Null before every topic has come once. */
  get snapshot(): Snapshot | null {
    return this.#parsed.size < topicNames.length ? null : Object.fromEntries(this.#parsed) as unknown as Snapshot;
  }

  /** Everything that the server says, as it was sent. */
  get raw(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(topicNames.map((topic) => [topic, this.#raw.get(topic)]));
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
