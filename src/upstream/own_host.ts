import { isAddress } from "./private_network.ts";

/**
 * Says whether `to` is the host of `from`, on https unless `from` is on plain http itself: secrets for `from` may go
 * there as well.
 */
export function isSameHostOrItsHttps(from: URL, to: URL): boolean {
  return from.hostname === to.hostname && (to.protocol === "https:" || to.protocol === from.protocol);
}

/** Says whether a URL is at one of these origins, or at the https of one that is plain http. */
export function isAtOneOf(origins: readonly URL[], url: URL): boolean {
  return origins.some((own) => own.origin === url.origin || (own.protocol === "http:" && isHttpsOf(own, url)));
}

function isHttpsOf(own: URL, url: URL): boolean {
  return url.protocol === "https:" && url.hostname === own.hostname;
}

/**
 * Says whether both hosts have one owner: they are the same, or below the same registered name by the Public Suffix
 * List with its private part, so that two customers of one cloud are two owners. Addresses and names without a dot have
 * to be the same.
 */
export async function isSameOwner(a: URL, b: URL): Promise<boolean> {
  if (a.hostname === b.hostname) return true;
  if (isAddress(a) || isAddress(b)) return false;
  // The list takes time to load, and few requests need it.
  const { get: domainOf } = await import("psl");
  const [domain, other] = [a, b].map(({ hostname }) => domainOf(hostname.replace(/\.$/, "")));
  return domain !== null && domain === other;
}
