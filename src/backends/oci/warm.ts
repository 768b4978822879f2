import { VaultError } from "../../errors.ts";
import { compileGlobs } from "../../glob/compile.ts";
import { parseJsonObject } from "../../http/json.ts";
import type { Expansion, PackageUrl, WarmLine, WarmRequest, WarmSource } from "../../warming.ts";
import { listedPages } from "../shared/listed_pages.ts";
import { joined } from "../shared/served_path.ts";
import { imageLists } from "./image_lists.ts";
import { type ImageReference, parseImageReference, repositoryOf } from "./image_reference.ts";
import { ImageWalk } from "./image_walk.ts";

/** The images of one backend. */
export interface ServedImages {
  readonly name: string;
  readonly prefix: string;
  /** The hosts of its registries. */
  readonly hosts: readonly string[];
  /** True where an image without a registry means one of Docker Hub. */
  readonly standsForHub: boolean;
}

export interface WarmOptions {
  /** The one that the root belongs to first. */
  readonly backends: readonly ServedImages[];
  /** True where all of them are served together below `/v2` at the root. */
  readonly hasRoot: boolean;
}

/** Images by their names, and by the files that name them. */
export function createWarmSource({ backends, hasRoot }: WarmOptions): WarmSource {
  return {
    scheme: "docker",
    example: "docker:alpine:3.20",
    options: ["platforms", "backend"],
    settings: ["referrers"],
    words: ["referrers"],
    platforms: { example: "linux/arm64", isOne: (text) => /^[a-z0-9]+(?:\/[a-z0-9]+){1,2}$/.test(text) },
    forms: [imageLists],
    prefixes: [...backends.map(({ prefix }) => prefix), ...hasRoot ? ["/v2"] : []],
    lineOf,
    pathOf({ host, pathname, search }) {
      const [, below] = /^\/v2(\/.+)$/.exec(pathname) ?? [];
      const backend = backends.find(({ hosts }) => hosts.includes(host));
      if (below === undefined || backend === undefined) return null;
      return `${apiOf(findBackend(undefined), false)}/${host}${below}${search}`;
    },
    async *expand(line, expansion) {
      const image = parseImageReference(line.subject);
      if (image === null) {
        throw new VaultError("config_invalid", `"${line.subject}" is no image; write docker:alpine:3.20`);
      }
      const backend = findBackend(line.options.backend);
      const at = `${apiOf(backend, line.options.backend !== undefined)}/${nameFor(image, backend)}`;
      if (!/[*?[\]{}!]/.test(image.reference)) return yield* walk(image, at, line, expansion);
      for await (const tag of matchingTags(image, at, expansion)) {
        yield* walk({ ...image, reference: tag }, at, line, expansion);
      }
    },
  };

  function findBackend(name: string | undefined): ServedImages {
    const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
    if (backend !== undefined) return backend;
    const known = backends.map(({ name }) => name).join(", ");
    throw new VaultError("config_invalid", `No backend for images is called "${name}"; there are ${known}`);
  }

  /** The path of the distribution API: the one at the root, which finds the backend of a registry, or a backend's own. */
  function apiOf({ prefix }: ServedImages, isNamed: boolean): string {
    return hasRoot && !isNamed ? "/v2" : joined(prefix, "/v2");
  }
}

/** Docker asks mirrors of the Hub for `library/alpine` where people say `alpine`. */
function nameFor(image: ImageReference, { standsForHub }: ServedImages): string {
  const isOfficial = standsForHub && image.registry === null && !image.name.includes("/");
  return isOfficial ? `library/${image.name}` : repositoryOf(image);
}

function walk(image: ImageReference, at: string, line: WarmLine, expansion: Expansion): AsyncGenerator<WarmRequest> {
  const { settings } = expansion;
  const own = line.options.platforms?.split(",");
  const platforms = own ?? settings.platforms.filter((platform) => platform.includes("/"));
  return new ImageWalk(
    image,
    { at, platforms, referrers: settings.referrers || line.words.includes("referrers") },
    expansion,
  )
    .requests();
}

/** Yields the tags of an image that match a pattern. Throws `not_found` where none does. */
async function* matchingTags(image: ImageReference, at: string, expansion: Expansion): AsyncGenerator<string> {
  const { reference: pattern } = image;
  const isMatch = compileGlobs([pattern]);
  let matching = 0;
  const list = { path: `${at}/tags/list`, label: `${repositoryOf(image)} tags` };
  for await (const { bytes } of listedPages(list, expansion)) {
    const tags = parseJsonObject(bytes)?.tags;
    for (const tag of Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : []) {
      if (!isMatch(tag)) continue;
      matching++;
      yield tag;
    }
  }
  if (matching === 0) throw new VaultError("not_found", `No tag of ${repositoryOf(image)} matches "${pattern}"`);
}

/** Package URLs of images name the registry in `repository_url` (purl-spec, "docker" and "oci"). */
function lineOf({ type, namespace, name, version, qualifiers }: PackageUrl): string | null {
  if (type !== "docker" && type !== "oci") return null;
  const url = qualifiers.get("repository_url")?.replace(/^https?:\/\//, "");
  const own = namespace === "" ? name : `${namespace}/${name}`;
  const repository = url === undefined ? own : type === "oci" ? url : `${url}/${own}`;
  const tag = qualifiers.get("tag");
  const reference = version.includes(":") ? `@${version}` : version !== "" ? `:${version}` : tag ? `:${tag}` : "";
  const arch = qualifiers.get("arch");
  return `docker:${repository}${reference}${arch === undefined ? "" : ` platforms=linux/${arch}`}`;
}
