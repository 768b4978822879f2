/** A repository of the Hub. */
export interface Repo {
  /** The word by which paths name its type: `models`, `datasets`, `spaces`, `kernels`, … */
  readonly type: string;
  /** `owner/name`, or a name alone for the oldest ones; percent-decoded. */
  readonly name: string;
}

/** The types whose paths begin with their word, also before a name without an owner. */
const prefixed: ReadonlySet<string> = new Set(["datasets", "spaces", "kernels", "buckets"]);

/** True for a word that is no owner's name. */
export function isTypeWord(segment: string | undefined): boolean {
  return segment !== undefined && prefixed.has(segment);
}

/** Letters, digits, dots, dashes and underscores, and no dot segment. */
const nameSegment = /^(?!\.+$)[\w.-]+$/;

/** The repository of a type, in any case, with this name, `owner/name` or a name alone; null where it is no name. */
export function repoNamed(type: string, name: string): Repo | null {
  const segments = [type, ...name.split("/")];
  const isName = segments.length <= 3 && segments.every((segment) => nameSegment.test(segment));
  return isName ? { type: type.toLowerCase(), name } : null;
}

/** The repository that the segments of a path name before its keyword, such as `resolve`; null where they name none. */
export function repoOfPath(segments: readonly string[]): Repo | null {
  const [first = "", ...rest] = segments;
  if (segments.length === 3) return repoNamed(first, rest.join("/"));
  if (segments.length === 2 && isTypeWord(first)) return repoNamed(first, rest[0]!);
  return segments.length === 1 || segments.length === 2 ? repoNamed("models", segments.join("/")) : null;
}

/** The path of its pages and files. */
export function pathOfRepo({ type, name }: Repo): string {
  return type === "models" ? `/${encoded(name)}` : `/${encodeURIComponent(type)}/${encoded(name)}`;
}

/** The path of its part of the API. */
export function apiPathOfRepo({ type, name }: Repo): string {
  return `/api/${encodeURIComponent(type)}/${encoded(name)}`;
}

/** The name that people and patterns give it: a model by its name alone. */
export function nameOfRepo({ type, name }: Repo): string {
  return type === "models" ? name : `${type}/${name}`;
}

/** Percent-encodes each segment of a path in the one way that keys have. */
export function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
