/** A backend as far as it could be parsed. */
interface Nameable {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly config?: { readonly prefix?: unknown } | null;
}

/**
 * Returns the name of each backend: the given one, or one made from its prefix, else from its type. A made name differs
 * from all others by a number at its end, and stays the same as long as the configuration does.
 */
export function namesOf(backends: readonly unknown[]): unknown[] {
  const taken = new Set(backends.map((backend) => (backend as Nameable | null | undefined)?.name));
  return backends.map((backend) => {
    const { name, type, config } = (backend ?? {}) as Nameable;
    if (name !== undefined) return name;
    const wanted = nameOfPrefix(config?.prefix) || String(type ?? "");
    let made = wanted;
    for (let number = 2; taken.has(made); number++) made = `${wanted}-${number}`;
    taken.add(made);
    return made;
  });
}

/** Makes `python-simple` of `/python/simple`. Empty where the prefix gives no name. */
function nameOfPrefix(prefix: unknown): string {
  // Clients expect registries at /v2, so that prefix says nothing about the backend.
  if (typeof prefix !== "string" || prefix === "/v2") return "";
  return prefix.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+$/g, "");
}
