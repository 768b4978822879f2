import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { writePatches } from "./patches.ts";
import { buildDeb, buildSource, debDescription, debPayloadBytes, listedDeb } from "./deb_package.ts";
import { runToSuccess } from "../run_command.ts";
import { SigningKey } from "./signing_key.ts";
import type { TempDir } from "../temp_dir.ts";
import { walk } from "../walk.ts";

/** What a repository has at some time. */
export interface RepositoryState {
  /** Versions by the names of packages. */
  readonly packages: Readonly<Record<string, string>>;
  /** Versions by the names of source packages; none where absent. */
  readonly sources?: Readonly<Record<string, string>>;
  /** What packages depend on, by their names; nothing where absent. */
  readonly depends?: Readonly<Record<string, string>>;
  /** How large packages are, by name; all the same where absent. */
  readonly payloadBytes?: Readonly<Record<string, number>>;
  /** How many more packages its list has, which are not there. */
  readonly unwanted?: number;
  readonly acquireByHash?: boolean;
  /** How its indexes are packed; gzip and xz where absent. */
  readonly packing?: "bz2";
  /** Whether there is a patch from the generation before. */
  readonly patches?: boolean;
  /** How its release is signed; `InRelease` where absent, as usual today, else `Release` beside `Release.gpg`. */
  readonly signature?: "InRelease" | "Release.gpg";
}

export interface RepositoryOptions {
  /** `dists/stable` with a pool where absent; a flat one has everything in one folder. */
  readonly layout?: "suite" | "flat";
}

/** One state of a repository, made but not there yet. Each file takes its place in one step. */
export interface Generation {
  placeIndexes(): Promise<void>;
  placeRelease(): Promise<void>;
}

/** Each generation is that much younger than the one before: files have whole seconds. */
const secondsBetweenGenerations = 10;
const releaseNames = ["Release", "InRelease", "Release.gpg"];

/**
 * A repository of real packages, made by the tools that make others and signed with a key of its own, below a folder
 * that a server serves. As in others, releases list indexes uncompressed too, which are not there.
 */
export class AptRepository implements AsyncDisposable {
  readonly root: string;
  /** For machines of this kind. */
  readonly architecture: string;
  readonly #dir: TempDir;
  readonly #key: SigningKey;
  readonly #flat: boolean;
  #generations = 0;

  private constructor(
    dir: TempDir,
    { key, architecture, flat }: { key: SigningKey; architecture: string; flat: boolean },
  ) {
    this.#dir = dir;
    this.root = dir.join("repository");
    this.#key = key;
    this.architecture = architecture;
    this.#flat = flat;
  }

  static async create(dir: TempDir, { layout = "suite" }: RepositoryOptions = {}): Promise<AptRepository> {
    const architecture = await runToSuccess(["dpkg", "--print-architecture"]);
    const key = await SigningKey.create(dir);
    const repository = new AptRepository(dir, { key, architecture, flat: layout === "flat" });
    await Deno.mkdir(`${repository.root}/${repository.#pool}`, { recursive: true });
    return repository;
  }

  /** What `signed-by` takes. */
  get key(): string {
    return this.#key.path;
  }

  /** A line of sources.list for the repository at this URL. */
  source(url: string, type: "deb" | "deb-src" = "deb"): string {
    return `${type} [signed-by=${this.key}] ${url} ${this.#flat ? "./" : "stable main"}`;
  }

  /** Where a package is, below the root. */
  pathOf(name: string, version: string): string {
    return `${this.#pool}${name}_${version}_all.deb`;
  }

  /** Puts the packages there, then the indexes, then the release. */
  async publish(state: RepositoryState): Promise<void> {
    const generation = await this.prepare(state);
    await generation.placeIndexes();
    await generation.placeRelease();
  }

  /** Puts the packages there, and makes indexes and a release for them. */
  async prepare(state: RepositoryState): Promise<Generation> {
    const folder = this.#dir.join(`generation-${++this.#generations}`);
    const date = new Date(Date.UTC(2026, 0, 1) + this.#generations * secondsBetweenGenerations * 1000);
    await Deno.mkdir(`${folder}/${this.#pool}`, { recursive: true });
    await this.#addPackages(folder, state);
    await this.#writeIndexes(folder, state);
    await this.#writeRelease(folder, state, date);
    const files = walk(`${folder}/${this.#suite}`).map((name) => this.#suite + name);
    const indexes = files.filter((path) => /(^|\/)(by-hash|Packages\.diff)\/|\.(?:[gx]z|bz2)$/.test(path));
    return {
      placeIndexes: () => this.#place(folder, indexes, date),
      placeRelease: () => this.#place(folder, files.filter((path) => isRelease(path)), date),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#key[Symbol.asyncDispose]();
  }

  /** The folder of the release, and that of packages: with a slash at the end, where they are not the root. */
  get #suite(): string {
    return this.#flat ? "" : "dists/stable/";
  }

  get #pool(): string {
    return this.#flat ? "" : "pool/main/";
  }

  /** The generation's own folder has those of this state only. */
  async #addPackages(
    folder: string,
    { packages, sources = {}, depends = {}, payloadBytes = {} }: RepositoryState,
  ): Promise<void> {
    const add = async (path: string, build: (file: string) => Promise<void>, ...beside: string[]) => {
      const file = `${this.root}/${path}`;
      if (!await exists(file)) await build(file);
      for (const name of [path, ...beside]) await Deno.link(`${this.root}/${name}`, `${folder}/${name}`);
    };
    const binaries = Object.entries(packages).map(([name, version]) =>
      add(
        this.pathOf(name, version),
        (file) =>
          buildDeb(file, {
            ...{ name, version, depends: depends[name], payloadBytes: payloadBytes[name] ?? debPayloadBytes },
          }),
      )
    );
    const others = Object.entries(sources).map(([name, version]) => {
      const path = `${this.#pool}${name}_${version}`;
      return add(`${path}.dsc`, (file) => buildSource(file, { name, version }), `${path}.tar.gz`);
    });
    await Promise.all([...binaries, ...others]);
  }

  async #writeIndexes(folder: string, state: RepositoryState): Promise<void> {
    const { packages, sources, patches, unwanted = 0, packing } = state;
    const component = this.#flat ? "" : `${this.#suite}main/`;
    const pool = this.#pool || ".";
    const write = async (path: string, command: string, more = "") => {
      await writeIndex(`${folder}/${path}`, await archive(folder, command, pool) + more, packing);
    };
    const packagesPath = this.#flat ? "Packages" : `${component}binary-${this.architecture}/Packages`;
    await write(packagesPath, "packages", this.#listUnwanted(unwanted));
    if (sources) await write(this.#flat ? "Sources" : `${component}source/Sources`, "sources");
    if (!this.#flat) {
      await write(`${component}Contents-${this.architecture}`, "contents");
      await writeIndex(`${folder}/${component}i18n/Translation-en`, translations(Object.keys(packages)), packing);
    }
    if (!patches) return;
    const before = this.#dir.join(`generation-${this.#generations - 1}`);
    await writePatches(`${before}/${packagesPath}`, `${folder}/${packagesPath}`);
  }

  #listUnwanted(count: number): string {
    return Array.from({ length: count }, (_, index) => {
      const deb = { name: `unwanted-${index}`, version: "1.0" };
      return listedDeb(deb, this.pathOf(deb.name, deb.version));
    }).join("");
  }

  async #writeRelease(folder: string, state: RepositoryState, date: Date): Promise<void> {
    const { acquireByHash = false, signature = "InRelease" } = state;
    const fields = {
      Suite: "stable",
      Codename: "stable",
      Architectures: this.architecture,
      ...this.#flat ? {} : { Components: "main" },
      "Acquire-By-Hash": acquireByHash ? "yes" : "no",
      Date: date.toUTCString().replace("GMT", "UTC"),
    };
    const options = Object.entries(fields).flatMap(([name, value]) => [
      "-o",
      `APT::FTPArchive::Release::${name}=${value}`,
    ]);
    const suite = `${folder}/${this.#suite || "."}`;
    const text = await archive(folder, ...options, "release", this.#suite || ".");
    if (acquireByHash) await linkByHash(suite, text);
    await Deno.writeTextFile(`${suite}/Release`, text);
    if (signature === "Release.gpg") return await this.#key.sign(`${suite}/Release`, `${suite}/Release.gpg`);
    await this.#key.clearSign(`${suite}/Release`, `${suite}/InRelease`);
    await Deno.remove(`${suite}/Release`);
  }

  /** The generation keeps its files: the root gets copies, each in one step. */
  async #place(folder: string, paths: readonly string[], date: Date): Promise<void> {
    for (const path of paths) {
      const file = `${this.root}/${path}`;
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.copyFile(`${folder}/${path}`, `${file}.new`);
      await Deno.utime(`${file}.new`, date, date);
      await Deno.rename(`${file}.new`, file);
    }
  }
}

/** Runs apt-ftparchive, and gives what it writes. */
async function archive(folder: string, ...args: readonly string[]): Promise<string> {
  return `${await runToSuccess(["env", "-C", folder, "apt-ftparchive", "-q", ...args])}\n`;
}

async function writeIndex(path: string, text: string, packing: RepositoryState["packing"]): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
  if (packing === "bz2") return void await runToSuccess(["bzip2", "-k", path]);
  await runToSuccess(["gzip", "-9nk", path]);
  await runToSuccess(["xz", "-k", path]);
}

/** What all packages say at length, in the form that is apart from Packages. */
function translations(names: readonly string[]): string {
  const text = `${debDescription.short}\n${debDescription.long}\n`;
  const md5 = createHash("md5").update(text).digest("hex");
  return names.map((name) => `Package: ${name}\nDescription-md5: ${md5}\nDescription-en: ${text}\n`).join("");
}

/** Puts all indexes of a release, as far as they are there for clients, where their hashes say. */
async function linkByHash(suite: string, release: string): Promise<void> {
  let algorithm = "";
  for (const line of release.split("\n")) {
    algorithm = /^(\w+):$/.exec(line)?.[1] ?? algorithm;
    const [, hex, path] = /^ (\w+) +\d+ (\S+)$/.exec(line) ?? [];
    if (path === undefined || !/\.(?:[gx]z|bz2)$|\/Index$/.test(path)) continue;
    const folder = `${suite}/${dirname(path)}/by-hash/${algorithm}`;
    await Deno.mkdir(folder, { recursive: true });
    if (!await exists(`${folder}/${hex}`)) await Deno.link(`${suite}/${path}`, `${folder}/${hex}`);
  }
}

function isRelease(path: string): boolean {
  return releaseNames.includes(path.slice(path.lastIndexOf("/") + 1));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
