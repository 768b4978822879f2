import type { ReadableBody } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { Expansion, PackageUrl, WarmDocument, WarmLine, WarmRequest, WarmSource } from "../../warming.ts";
import { joined, servedPath } from "../shared/served_path.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import { installedLists, type ServedRepository } from "./installed_lists.ts";
import { parseRelease, type Release, releaseOf } from "./release.ts";
import { encodePath } from "./request.ts";
import { type RepositoryLane, tasks } from "./tasks.ts";

/** A part of a repository, as a line names it: `debian/bookworm/main`. */
interface Place {
  readonly text: string;
  readonly prefix: string;
  /** The folder of the release, with a slash before it and none behind. */
  readonly folder: string;
  /** Empty for a flat repository, whose one folder has everything; `*` for all that the release has. */
  readonly component: string;
}

/** Compressions of indexes, those first that apt prefers, with the names that `unpack` has for them. */
const compressions = [[".xz", "xz"], [".zst", "zstd"], [".bz2", "bzip2"], [".gz", "gzip"], ["", "identity"]] as const;

/** Releases by which package URLs name distributions (`distro=debian-12`). */
const codenames: Readonly<Record<string, string>> = {
  ...{ "debian-11": "bullseye", "debian-12": "bookworm", "debian-13": "trixie" },
  ...{ "ubuntu-20.04": "focal", "ubuntu-22.04": "jammy", "ubuntu-24.04": "noble" },
};

/** Debian packages by their names, with what they depend on. */
export function createWarmSource(repositories: readonly ServedRepository[]): WarmSource {
  const lane: RepositoryLane = new TaskLane(tasks, { smallBytes: 0 });
  return {
    scheme: "apt",
    example: "apt:debian/bookworm/main curl",
    options: ["arch", "depends", "recommends", "lists", "suites"],
    settings: ["recommends", "suites"],
    joinsLines: true,
    forms: installedLists(repositories),
    pathOf: (url) => servedPath(url, repositories),
    prefixes: repositories.map(({ prefix }) => prefix),
    lineOf: (url) => lineOf(url, repositories),
    async *expand(line, expansion) {
      const places = placesOf(line, expansion, repositories);
      const { lists } = line.options;
      if (lists !== undefined) {
        yield* new Walk(places, { line, expansion, lane, architecture: "" }).listed(lists.split(","));
        return;
      }
      for (const architecture of architecturesOf(line)) {
        yield* new Walk(places, { line, expansion, lane, architecture }).requests();
      }
    },
  };
}

interface WalkOptions {
  readonly line: WarmLine;
  readonly expansion: Expansion;
  readonly lane: RepositoryLane;
  readonly architecture: string;
}

/** What apt asks for when it installs packages for one architecture from some places. */
class Walk {
  readonly #places: readonly Place[];
  readonly #options: WalkOptions;

  constructor(places: readonly Place[], options: WalkOptions) {
    this.#places = places;
    this.#options = options;
  }

  /** What apt asks for when it updates these lists, named without their compression: it passes over what there is not. */
  async *listed(names: readonly string[]): AsyncGenerator<WarmRequest> {
    for (const place of this.#places) {
      const { value: { files } } = await this.#release(place);
      for (const name of names.filter((name) => name !== "")) {
        const found = compressions.find(([ending]) => files.has(name + ending));
        if (found !== undefined) {
          yield { path: pathIn(place, name + found[0]), label: `${place.text} ${name}${found[0]}` };
        } else if (!name.includes("/binary-all/")) {
          this.#options.expansion.note(
            `The release of ${place.text} has no ${name}, which apt then passes over as well`,
          );
        }
      }
    }
  }

  async *requests(): AsyncGenerator<WarmRequest> {
    const lists: { readonly place: Place; readonly body: ReadableBody }[] = [];
    for (const named of this.#places) {
      const release = await this.#release(named);
      for (const place of componentsOf(named, release.value)) {
        for (const body of await this.#packages(place, release)) lists.push({ place, body });
        yield* translationsOf(place, release.value);
      }
    }
    const { line: { words, options }, expansion, architecture, lane } = this.#options;
    const wanted = words.flatMap((word) => nameFor(word, architecture) ?? []);
    if (wanted.length === 0) return;
    const { settings } = expansion;
    const choose = () =>
      lane.run({
        name: "choosePackages",
        bodies: lists.map(({ body }) => body),
        options: {
          wanted,
          follows: options.depends !== "no",
          recommends: options.recommends === undefined ? settings.recommends : options.recommends !== "no",
        },
      });
    const { files, missing } = await expansion.during("working out dependencies", choose);
    for (const { filename, list, sizeBytes } of files) {
      const { prefix } = lists[list]!.place;
      const label = filename.slice(filename.lastIndexOf("/") + 1);
      yield { path: joined(prefix, encodePath(`/${filename}`)), label, sizeBytes };
    }
    if (missing.length > 0) throw new VaultError("not_found", missing.join("; "));
  }

  /** Where there is no InRelease, apt asks for Release and its signature. */
  async #release(place: Place): Promise<{ readonly value: Release; readonly text: string }> {
    const { expansion } = this.#options;
    const request = (name: string) => ({ path: pathIn(place, name), label: `${place.text} ${name}` });
    const inline = await expansion.readIfThere(request("InRelease"));
    const document = inline ?? await expansion.read(request("Release"));
    if (inline === null) await expansion.readIfThere(request("Release.gpg"));
    const { bytes } = document;
    return { value: releaseOf(parseRelease(bytes)), text: new TextDecoder().decode(bytes) };
  }

  /** Reads the lists of packages that apt takes. Throws `not_found` where the release lists none. */
  async #packages(place: Place, { value, text }: { value: Release; text: string }): Promise<ReadableBody[]> {
    const { expansion, architecture } = this.#options;
    const listsAll = !/^No-Support-for-Architecture-all:.*\bPackages\b/im.test(text);
    const names = place.component === ""
      ? ["Packages"]
      : [architecture, ...listsAll ? ["all"] : []].map((one) => `${place.component}/binary-${one}/Packages`);
    const bodies: ReadableBody[] = [];
    for (const name of names) {
      for (const [ending, coding] of compressions) {
        if (!value.files.has(name + ending)) continue;
        const request = { path: pathIn(place, name + ending), label: `${place.text} ${name}${ending}` };
        const document = await expansion.readIfThere(request);
        if (document === null) continue;
        bodies.push(bodyOf(document, { coding, url: request.path, signal: expansion.signal }));
        break;
      }
    }
    if (bodies.length > 0) return bodies;
    throw new VaultError("not_found", `${place.text} has no list of packages for ${architecture}`);
  }
}

/** The places that a place stands for: with `*`, one for each component that has lists of packages. */
function componentsOf(place: Place, { files }: Release): Place[] {
  if (place.component !== "*") return [place];
  const components = new Set(
    Array.from(files.keys()).flatMap((path) => {
      const [, component] = /^(.+)\/binary-[^/]+\/Packages(?:\.\w+)?$/.exec(path) ?? [];
      // Those of the installer are one folder deeper, and apt never asks for them.
      return component === undefined || component.endsWith("/debian-installer") ? [] : [component];
    }),
  );
  return [...components].sort().map((component) => ({ ...place, component }));
}

/** Descriptions that apt shows in English, which it fetches with the lists. */
function* translationsOf(place: Place, { files }: Release): Generator<WarmRequest> {
  const name = `${place.component}/i18n/Translation-en`;
  const found = compressions.find(([ending]) => files.has(name + ending));
  if (found === undefined || place.component === "") return;
  yield { path: pathIn(place, name + found[0]), label: `${place.text} Translation-en${found[0]}` };
}

function bodyOf(
  { bytes }: WarmDocument,
  { coding, url, signal }: { coding: string; url: string; signal: AbortSignal },
): ReadableBody {
  return {
    headers: [["content-encoding", coding]],
    sizeBytes: bytes.byteLength,
    url,
    location: url,
    signal,
    bytes: () => Promise.resolve(bytes),
    stream: () => ReadableStream.from([bytes]),
  };
}

function pathIn({ prefix, folder }: Place, name: string): string {
  return joined(prefix, encodePath(`${folder}/${name}`));
}

/** The places of a line, or those of the command line for one that names none. */
function placesOf(
  { subject, options }: WarmLine,
  { settings }: Expansion,
  repositories: readonly ServedRepository[],
): Place[] {
  const named = subject === "" ? [] : subject.split(",");
  const takesSuites = subject === "" || (options.suites ?? "no") !== "no";
  const texts = [...new Set([...named, ...takesSuites ? settings.suites : []])];
  if (texts.length > 0) return texts.map((text) => placeOf(text, repositories));
  const [first] = repositories;
  throw new VaultError(
    "config_invalid",
    `This list does not say where its packages are: add --suite ${
      first?.name ?? "debian"
    }/bookworm/main, once for each place`,
  );
}

function placeOf(text: string, repositories: readonly ServedRepository[]): Place {
  const slash = text.indexOf("/");
  const [name, rest] = slash < 0 ? [text, null] : [text.slice(0, slash), text.slice(slash + 1)];
  const repository = repositories.find((one) => one.name === name);
  if (repository === undefined) {
    const known = repositories.map(({ name }) => name).join(", ");
    throw new VaultError("config_invalid", `"${text}" names no backend of type apt; there are ${known}`);
  }
  const { prefix } = repository;
  if (rest === null) throw noPlace(text, name);
  if (rest === "" || rest.endsWith("/")) return { text, prefix, folder: `/${rest}`.replace(/\/+$/, ""), component: "" };
  const end = rest.lastIndexOf("/");
  if (end > 0) return { text, prefix, folder: `/dists/${rest.slice(0, end)}`, component: rest.slice(end + 1) };
  throw noPlace(text, name);
}

function noPlace(text: string, name: string): VaultError {
  const message = `"${text}" is no place of packages; write ${name}/SUITE/COMPONENT, such as ${name}/bookworm/main, ` +
    `${name}/SUITE/* for all components, or ${name}/FOLDER/ for a flat repository`;
  return new VaultError("config_invalid", message);
}

/** The architectures of a line: those of `arch=`, or this machine's; and those behind the names of packages. */
function architecturesOf({ options, words }: WarmLine): ReadonlySet<string> {
  const named = words.flatMap((word) => /^[^=]+?:([a-z0-9]+)/.exec(word)?.[1] ?? []).filter((one) => !isAny(one));
  const own = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  return new Set([...options.arch?.split(",") ?? [own], ...named]);
}

/** Returns a word without its architecture; null where that is another one. */
function nameFor(word: string, architecture: string): string | null {
  const [, name = word, own, version = ""] = /^([^=:]+)(?::([a-z0-9]+))?(=.*)?$/.exec(word) ?? [];
  return own === undefined || own === architecture || isAny(own) ? name + version : null;
}

function isAny(architecture: string): boolean {
  return architecture === "any" || architecture === "all";
}

/**
 * A package URL says where a package is by its namespace and `distro`, as far as there is such a repository; it may be in
 * other suites of the distribution as well, such as that of security updates.
 */
function lineOf({ type, namespace, name, version, qualifiers }: PackageUrl, repositories: readonly ServedRepository[]) {
  if (type !== "deb") return null;
  const suite = suiteOf(qualifiers.get("distro") ?? "");
  const repository = repositories.find((one) => one.name === namespace);
  const isPlaced = suite !== null && repository !== undefined;
  const arch = qualifiers.get("arch") ?? "";
  return [
    isPlaced ? `apt:${repository.name}/${suite}/main` : "apt:",
    version === "" ? name : `${name}=${versionWith(qualifiers.get("epoch"), version)}`,
    "depends=no",
    ...isPlaced ? ["suites=yes"] : [],
    ...arch === "" || isAny(arch) ? [] : [`arch=${arch}`],
  ].join(" ");
}

/** The suite of a distribution, of which some programs write the point release: `debian-12.11`. Null for unknown ones. */
function suiteOf(distro: string): string | null {
  const known = codenames[distro] ?? codenames[distro.replace(/\.\d+$/, "")];
  return known ?? (/^[a-z]+$/.test(distro) ? distro : null);
}

/** Some programs write the epoch of a version apart from it. */
function versionWith(epoch: string | undefined, version: string): string {
  return epoch === undefined || version.includes(":") ? version : `${epoch}:${version}`;
}
