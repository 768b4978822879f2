/** What an answer says of the requests that its host still allows. */
export interface RateLimit {
  /** Null where the host does not say. */
  readonly limit: number | null;
  readonly remaining: number;
  /** Null where the host does not say. */
  readonly windowSeconds: number | null;
  /** The name of the limit, where a host has several: `api`; empty where it has one. */
  readonly name: string;
  /** The seconds until as many requests as ever are allowed; null where the host does not say. */
  readonly resetSeconds: number | null;
}

/**
 * Parses the headers of an answer: `ratelimit-remaining: 76;w=21600` and `ratelimit-limit`, as Docker Hub sends them,
 * or `ratelimit: "api";r=489;t=189` and `ratelimit-policy`, as the Hugging Face Hub does
 * (draft-ietf-httpapi-ratelimit-headers-09). Of several limits the one that is used up most. Null without any.
 */
export function parseRateLimit(headers: Headers): RateLimit | null {
  return parsePlain(headers) ?? parseStructured(headers);
}

function parsePlain(headers: Headers): RateLimit | null {
  const remaining = parseQuota(headers.get("ratelimit-remaining"));
  if (remaining === null) return null;
  const limit = parseQuota(headers.get("ratelimit-limit"));
  return {
    limit: limit?.count ?? null,
    remaining: remaining.count,
    windowSeconds: remaining.windowSeconds ?? limit?.windowSeconds ?? null,
    name: "",
    resetSeconds: null,
  };
}

function parseQuota(value: string | null): { count: number; windowSeconds: number | null } | null {
  const [, count, window] = /^\s*(\d{1,15})\s*(?:;\s*w=(\d{1,15})\s*)?(?:[;,]|$)/.exec(value ?? "") ?? [];
  return count === undefined
    ? null
    : { count: Number(count), windowSeconds: window === undefined ? null : Number(window) };
}

function parseStructured(headers: Headers): RateLimit | null {
  const policies = new Map(itemsOf(headers.get("ratelimit-policy")).map((item) => [item.name, item.parameters]));
  const limits = itemsOf(headers.get("ratelimit")).flatMap(({ name, parameters }) => {
    const remaining = parameters.get("r");
    if (remaining === undefined) return [];
    const policy = policies.get(name);
    const [limit = null, windowSeconds = null] = [policy?.get("q"), policy?.get("w")];
    return { name, remaining, limit, windowSeconds, resetSeconds: parameters.get("t") ?? null };
  });
  return limits.toSorted((a, b) => leftOf(a) - leftOf(b))[0] ?? null;
}

/** The share of requests that is left, as far as that is known. */
function leftOf({ remaining, limit }: Pick<RateLimit, "remaining" | "limit">): number {
  if (remaining === 0) return 0;
  return limit === null || limit === 0 ? 1 : remaining / limit;
}

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, number>;
}

/** The Hub has the kind of its policy before the name: `"fixed window";"api";q=500;w=300`. The last string is the name. */
function itemsOf(value: string | null): readonly Item[] {
  return (value ?? "").slice(0, 1000).split(",").flatMap((item) => {
    const name = [...item.matchAll(/"([^"]*)"/g)].at(-1)?.[1];
    if (name === undefined) return [];
    const parameters = item.replaceAll(/"[^"]*"/g, "").matchAll(/;\s*([a-z]+)=(\d{1,15})(?=\s*(?:;|$))/g);
    return { name, parameters: new Map([...parameters].map(([, key, number]) => [key!, Number(number)])) };
  });
}
