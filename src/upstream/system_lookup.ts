import { lookup } from "node:dns/promises";
import type { Lookup } from "./private_network.ts";

/** The codes of `getaddrinfo` for a lookup that this process may not make. */
const notPermitted: ReadonlySet<unknown> = new Set(["EPERM", "EACCES"]);

/**
 * Asks the system, as a connection would: DNS with the search list, and `/etc/hosts`. Needs `--allow-net` for this host
 * at least; null without it, since then Deno's own permission decides which hosts can be reached.
 */
export const lookupWithSystem: Lookup = async (hostname, signal) => {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    const answers = await Promise.race([lookup(hostname, { all: true }), aborted]);
    return answers.map(({ address }) => address);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Deno.errors.NotCapable || notPermitted.has((error as { code?: unknown }).code)) return null;
    return [];
  } finally {
    signal.removeEventListener("abort", abort);
  }
};
