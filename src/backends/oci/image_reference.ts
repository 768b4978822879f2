/** An image as people name it: `alpine:3.20`, `ghcr.io/org/app@sha256:…`. */
export interface ImageReference {
  /** Host, perhaps with a port; null where none is named. */
  readonly registry: string | null;
  readonly name: string;
  /** A tag, or a digest such as `sha256:…`; where both are named, the digest. */
  readonly reference: string;
}

/**
 * Parses a reference as docker does: the first segment is a registry where it has a dot or a colon, or is `localhost`;
 * without a tag, `latest` is meant. Null for what is none. The tag may be a pattern.
 */
export function parseImageReference(text: string): ImageReference | null {
  const [, named = "", tag, digest] =
    /^([\w.:/[\]-]*?[\w\]])(?::([\w*?[\]{}!][\w.*?[\]{},!+-]*))?(?:@(sha(?:256|512):[0-9a-f]{64,128}))?$/i.exec(text) ??
      [];
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const isRegistry = /[.:]/.test(first) || first === "localhost";
  const name = isRegistry ? named.slice(slash + 1) : named;
  if (!/^[a-z0-9][a-z0-9._/-]*$/.test(name)) return null;
  return { registry: isRegistry ? first.toLowerCase() : null, name, reference: digest ?? tag ?? "latest" };
}

/** Returns the name with its registry, as people write it: `ghcr.io/org/app`. */
export function repositoryOf({ registry, name }: ImageReference): string {
  return registry === null ? name : `${registry}/${name}`;
}

/** The whole reference, as people write it. */
export function formatImageReference(image: ImageReference): string {
  const { reference } = image;
  return `${repositoryOf(image)}${reference.includes(":") ? "@" : ":"}${reference}`;
}
