import type { ListForm } from "../../warming.ts";
import { type Served, servedPath } from "../shared/served_path.ts";

/** A repository with its name in the configuration and the URLs that it is served for. */
export interface ServedRepository extends Served {
  readonly name: string;
}

const installed = /^([a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?)\t(\S+)$/;
const printed = /^'((?:https?|mirror\+https?):\/\/[^']+)' \S+ \d+(?: \S*)?\s*$/;
const releaseName = "/InRelease";

/** Lists that dpkg and apt write. */
export function installedLists(repositories: readonly ServedRepository[]): readonly ListForm[] {
  return [
    {
      name: "the output of dpkg-query -W",
      isForm: ({ text }) => {
        const lines = linesIn(text);
        return lines.length > 0 &&
          lines.every((line) => installed.test(line) || /^[a-z0-9][a-z0-9+.:-]+\t$/.test(line));
      },
      linesOf({ text }) {
        // Packages that are gone but for their configuration have no version.
        const words = linesIn(text).flatMap((line) => {
          const [, name, version] = installed.exec(line) ?? [];
          return name === undefined ? [] : [`${name}=${version}`];
        });
        return words.length === 0 ? [] : [`apt: ${words.join(" ")} depends=no`];
      },
    },
    {
      name: "the output of apt-get install --print-uris",
      isForm: ({ text }) => linesIn(text).some((line) => printed.test(line)),
      linesOf: ({ text }) => {
        const urls = linesIn(text).flatMap((line) => printed.exec(line)?.[1]?.replace(/^mirror\+/, "") ?? []);
        return linesOfUrls(urls, repositories);
      },
    },
  ];
}

/**
 * Before it has a release, apt prints the URLs of all lists that it might ask for: by the release it then chooses how
 * they are compressed, and passes over those that there are not, such as `binary-all`.
 */
function linesOfUrls(urls: readonly string[], repositories: readonly ServedRepository[]): string[] {
  const places = new Map(urls.flatMap((url) => {
    const place = url.endsWith(releaseName) ? placeOfRelease(url, repositories) : null;
    return place === null ? [] : [[url.slice(0, -releaseName.length), { place, lists: new Set<string>() }]];
  }));
  const rest = urls.filter((url) => {
    const folders = [...places.keys()].filter((folder) => url.startsWith(`${folder}/`));
    const folder = folders.reduce((longest, one) => one.length > longest.length ? one : longest, "");
    const list = url.slice(folder.length + 1);
    // Lists have no version; a package lies below the release in a flat repository only.
    if (folder === "" || /\.u?deb$|,/.test(list)) return true;
    if (list !== releaseName.slice(1)) places.get(folder)!.lists.add(list.replace(/\.(?:xz|zst|bz2|gz|lzma|lz4)$/, ""));
    return false;
  });
  return [...[...places.values()].map(({ place, lists }) => `apt:${place} lists=${[...lists].join(",")}`), ...rest];
}

/** The place of a release, as a line names it; null where no repository serves it. */
function placeOfRelease(url: string, repositories: readonly ServedRepository[]): string | null {
  const at = URL.parse(url);
  const served = at === null ? null : servedPath(at, repositories);
  const repository = repositories.filter(({ prefix }) => prefix === "/" || served?.startsWith(`${prefix}/`))
    .reduce<ServedRepository | null>((best, one) => (best?.prefix.length ?? 0) > one.prefix.length ? best : one, null);
  if (served === null || repository === null) return null;
  const below = repository.prefix === "/" ? served : served.slice(repository.prefix.length);
  const folder = decodeURIComponent(below.slice(1, -releaseName.length + 1));
  if (/[\s,]/.test(folder)) return null;
  return folder.startsWith("dists/") ? `${repository.name}/${folder.slice(6)}*` : `${repository.name}/${folder}`;
}

function linesIn(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line.trim() !== "");
}
