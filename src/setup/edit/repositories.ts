/** A repository of Debian packages, and the prefix at which a vault has it. */
export interface Repository {
  readonly url: string;
  readonly prefix: string;
}

export interface VaultRepositories {
  /** The vault's URL. */
  readonly url: string;
  readonly repositories: readonly Repository[];
}

/**
 * Puts a vault's URLs in place of those of the repositories that it serves, in `sources.list` or in deb822 alike: each
 * word of a line that is no comment. http and https are the same here.
 */
export function withRepositories(text: string, vault: VaultRepositories): string {
  const places = new Map(placesOf(vault));
  return text.split("\n").map((line) =>
    /^\s*#/.test(line) ? line : line.replace(/https?:\/\/\S+/g, (word) => {
      const place = places.get(nameOf(word));
      return place === undefined ? word : `${place}${word.endsWith("/") ? "/" : ""}`;
    })
  ).join("\n");
}

/** Returns the URLs of repositories, without their schemes, with the vault's URLs for them. */
export function placesOf({ url, repositories }: VaultRepositories): [name: string, place: string][] {
  return repositories.map((one) => [nameOf(one.url), `${url}${one.prefix === "/" ? "" : one.prefix}`]);
}

/** Without the scheme and slashes at the end. */
function nameOf(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/\/+$/, "");
}
