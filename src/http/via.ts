/** A request that has passed through more proxies than this, or whose list of them is longer, is in a loop. */
const mostHops = 32;
const mostCharacters = 4096;

/** Comments; those inside others leave their ends behind, which are no names of ours. */
const comments = /\([^()]*\)/g;

/** What a `Via` header (RFC 9110 §7.6.3) tells one of the proxies on the way. */
export type Passage =
  | { readonly kind: "open" }
  /** The request has been here; `through` are the proxies that it went through after that. */
  | { readonly kind: "loop"; readonly through: readonly string[] }
  | { readonly kind: "too_long" };

/** Reads a `Via` header as the proxy that calls itself `name`. */
export function routeOf(via: string, name: string): Passage {
  if (via.length > mostCharacters) return { kind: "too_long" };
  const hops = via.replaceAll(comments, "").split(",").map((hop) => hop.trim().split(/\s+/)[1] ?? "");
  const here = hops.indexOf(name);
  if (here >= 0) return { kind: "loop", through: hops.slice(here + 1) };
  return hops.length > mostHops ? { kind: "too_long" } : { kind: "open" };
}

/** The header of a request that is sent on: those before us in order, and us. HTTP/1.1 is what we received it by. */
export function viaOf(received: string | null, name: string): string {
  return received === null ? `1.1 ${name}` : `${received}, 1.1 ${name}`;
}
