import type { Quota } from "../observe/quotas.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import type { UpstreamStatus } from "./status.ts";

/** The upstreams that the configuration of a backend names. */
export interface NamedUpstreams {
  readonly name: string;
  readonly origins: readonly string[];
  /** Those of them that are sent credentials. */
  readonly logins: readonly string[];
}

export interface UpstreamListDeps {
  readonly backends: readonly NamedUpstreams[];
  readonly health: UpstreamHealth;
  /** By the host, with its port where that is not the default one. */
  readonly quotaOf: (host: string) => Quota | null;
}

/** Lists the upstreams of the configuration, asked or not, and behind them the other hosts that were asked. */
export function upstreamsOf({ backends, health, quotaOf }: UpstreamListDeps): readonly UpstreamStatus[] {
  const named = new Map<string, string[]>();
  for (const { name, origins } of backends) {
    for (const origin of new Set(origins)) named.set(origin, [...named.get(origin) ?? [], name]);
  }
  const logins = new Set(backends.flatMap(({ logins }) => logins));
  const hosts = new Map([...health.hosts()].map((host) => [host.origin, host]));
  const origins = new Set([...named.keys(), ...hosts.keys()]);
  return [...origins].map((origin) => {
    const counted = health.statistics.find(origin);
    const host = hosts.get(origin);
    const firstByteMs = counted?.firstByteMs ?? null;
    return {
      origin,
      backends: named.get(origin) ?? [],
      state: host?.state ?? "unknown",
      failingSince: host?.failingSince ?? null,
      lastError: counted?.lastError ?? null,
      lastErrorAt: counted?.lastErrorAt ?? null,
      lastAnswerAt: counted?.lastAnswerAt ?? null,
      requests: counted?.requests ?? 0,
      failures: Object.fromEntries(counted?.failures ?? []),
      retries: counted?.retries ?? 0,
      firstByteMs: firstByteMs === null ? null : Math.round(firstByteMs * 10) / 10,
      quota: quotaOf(URL.parse(origin)?.host ?? origin),
      login: counted?.login ?? (logins.has(origin) ? "set" : "none"),
    };
  });
}
