/** The backend and the key of an entry. */
export interface NamedEntry {
  readonly backend: string;
  readonly key: string;
}

/**
 * The name of an entry for people: backend and key with one slash between them, such as
 * `dockerhub/@default/library/alpine/manifests/3.20`.
 */
export function entryName({ backend, key }: NamedEntry): string {
  return key.startsWith("/") ? backend + key : `${backend}/${key}`;
}

/** A name begins with that of a backend: people write a slash before it, since paths begin so. */
export function withoutLeadingSlashes(name: string): string {
  return name.replace(/^\/+/, "");
}

/**
 * The entries that a name can stand for, the likelier one first: most keys begin with a slash. None for a text without
 * a slash, which names no key.
 */
export function parseEntryName(name: string): readonly NamedEntry[] {
  const slash = name.indexOf("/");
  if (slash <= 0) return [];
  const backend = name.slice(0, slash);
  return [{ backend, key: name.slice(slash) }, { backend, key: name.slice(slash + 1) }];
}
