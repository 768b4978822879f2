import type { ShelfBackend, ShelfTarget } from "../../../shelf.ts";
import type { RepositorySource } from "./repository_source.ts";

/**
 * Returns the backend for a repository of a source, or why there is none: the one that the user names, or whose URL it
 * has, or, where the source does not say its URL, the only one there is. `alone` is true for the only repository of a
 * source.
 */
export function backendFor(
  { name, location }: Pick<RepositorySource, "name" | "location">,
  { backends, renamed }: Pick<ShelfTarget, "backends" | "renamed">,
  alone: boolean,
): ShelfBackend | string {
  const written = renamed.get(name);
  if (written !== undefined) {
    return backends.find((backend) => backend.name === written) ?? `no backend of type apt is called "${written}"`;
  }
  const plain = location?.replace(/\/+$/, "");
  const fitting = backends.find(({ urls }) => urls.some((url) => withoutScheme(url) === plain));
  if (fitting !== undefined) return fitting;
  const [only, ...others] = backends;
  if (location === null && alone && only !== undefined && others.length === 0) return only;
  const known = backends.map((backend) => backend.name).join(", ");
  const choose = only === undefined ? "" : ` Say with --map ${name}=BACKEND if one is meant (${known}).`;
  return `no backend of type apt has it as its mirror_url.${choose} This would serve it:\n${configurationFor(plain)}`;
}

function withoutScheme(url: string): string {
  const { host, pathname } = new URL(url);
  return (host + pathname).replace(/\/+$/, "");
}

function configurationFor(location: string | undefined): string {
  const url = location === undefined ? "URL" : `http://${location}`;
  const name = /([A-Za-z0-9][A-Za-z0-9._-]*)$/.exec(location ?? "")?.[1] ?? "debian";
  return `  backends:\n  - type: apt\n    name: ${name}\n    config: {mirror_url: "${url}"}`;
}
