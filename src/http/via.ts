/** The most proxies that a request may have passed: with more, or a longer list of them, it is in a loop. */
const mostHops = 32;
const mostCharacters = 4096;

/** Matches a comment. Nested ones leave their ends behind, which no proxy has as its name. */
const comments = /\([^()]*\)/g;

/** The route that a `Via` header (RFC 9110 §7.6.3) shows to one of the proxies on it. */
export type Passage =
  | { readonly kind: "open" }
  /** The request has been here before; `through` are the proxies that it passed since then. */
  | { readonly kind: "loop"; readonly through: readonly string[] }
  | { readonly kind: "too_long" };

/** Parses a `Via` header for the proxy that calls itself `name`. */
export function routeOf(via: string, name: string): Passage {
  if (via.length > mostCharacters) return { kind: "too_long" };
  const hops = via.replaceAll(comments, "").split(",").map((hop) => hop.trim().split(/\s+/)[1] ?? "");
  const here = hops.indexOf(name);
  if (here >= 0) return { kind: "loop", through: hops.slice(here + 1) };
  return hops.length > mostHops ? { kind: "too_long" } : { kind: "open" };
}

/**
 * Formats the `Via` of a request that is sent on: the proxies before, then this one. HTTP/1.1 is the version that it
 * was received by.
 */
export function viaOf(received: string | null, name: string): string {
  return received === null ? `1.1 ${name}` : `${received}, 1.1 ${name}`;
}
