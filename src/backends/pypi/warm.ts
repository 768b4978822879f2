import { VaultError } from "../../errors.ts";
import { asJsonObject, isJsonObject, type JsonObject, parseJsonObject } from "../../http/json.ts";
import type { Expansion, PackageUrl, WarmLine, WarmRequest, WarmSource } from "../../warming.ts";
import { joined, type Served, servedPath } from "../shared/served_path.ts";
import { lockFiles } from "./lock_files.ts";
import { normaliseName, versionOf } from "./names.ts";
import { parseRequirement } from "./requirement.ts";
import { requirementsFiles } from "./requirements_files.ts";
import { parseSpecifiers, type Specifiers } from "./specifiers.ts";
import { compareVersions, isPreRelease, parseVersion, type Version } from "./version_numbers.ts";
import { isPlatformTag, rankWheel, type WheelTarget } from "./wheel_tags.ts";

export interface WarmOptions {
  readonly backends: readonly { readonly name: string; readonly prefix: string }[];
  /** What URLs of indexes and of their files are served as. */
  readonly served: readonly Served[];
}

/** What pip asks for (PEP 691), and uv alike. */
const accepting = {
  accept: "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
};

/** A file of a project, as the vault's page lists it. */
interface File {
  readonly filename: string;
  readonly path: string;
  readonly sizeBytes: number | undefined;
  /** As `sha256:…`. */
  readonly hashes: readonly string[];
  readonly hasMetadata: boolean;
  readonly isYanked: boolean;
  readonly requiresPython: Specifiers | null;
  readonly version: Version;
  /** As the name of the file has it. */
  readonly versionText: string;
}

/** Python packages by requirements, and by the files that have them. */
export function createWarmSource({ backends, served }: WarmOptions): WarmSource {
  return {
    scheme: "pypi",
    example: "pypi:requests==2.32.0",
    options: ["python", "platform", "backend"],
    settings: ["python"],
    platforms: { example: "manylinux_2_28_x86_64", isOne: isPlatformTag },
    forms: [...lockFiles, requirementsFiles],
    pathOf: (url) => servedPath(url, served),
    prefixes: backends.map(({ prefix }) => prefix),
    lineOf: ({ type, name, version }: PackageUrl) =>
      type !== "pypi" ? null : `pypi:${normaliseName(name)}${version === "" ? "" : `==${version}`}`,
    expand: (line, expansion) => expand(line, { expansion, prefix: prefixOf(line.options.backend) }),
  };

  function prefixOf(name: string | undefined): string {
    const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
    if (backend !== undefined) return backend.prefix;
    const known = backends.map(({ name }) => name).join(", ");
    throw new VaultError("config_invalid", `No backend for Python packages is called "${name}"; there are ${known}`);
  }
}

/** Yields the files that a line means, each with its metadata first. */
async function* expand(
  line: WarmLine,
  { expansion, prefix }: { expansion: Expansion; prefix: string },
): AsyncGenerator<WarmRequest> {
  const hashes = line.words.filter((word) => /^\w+:[0-9a-f]{32,}$/i.test(word)).map((hash) => hash.toLowerCase());
  const text = [line.subject, ...line.words.filter((word) => !hashes.includes(word.toLowerCase()))].join(" ");
  const requirement = parseRequirement(text);
  const specifiers = requirement && parseSpecifiers(requirement.specifiers);
  if (requirement === null || specifiers === null) {
    throw new VaultError(
      "config_invalid",
      `"${text}" is no requirement; write pypi:requests==2.32.0 or pypi:requests>=2,<3`,
    );
  }
  const { project } = requirement;
  if (!specifiers.isPinned) {
    expansion.note("what Python packages depend on is not fetched: name it as well, or use a lock file");
  }
  const path = joined(prefix, `/simple/${project}/`);
  const page = await expansion.read({ path, headers: accepting, label: `${project} page` });
  const target = targetOf(line, expansion);
  const files = ofOneVersion(filesOn(page.bytes, { path, project }), { specifiers, target, hashes });
  const chosen = choose(files, target);
  if (chosen.length === 0) throw noFile(text, { files, target });
  for (const file of chosen) {
    if (file.hasMetadata) yield { path: `${file.path}.metadata`, label: `${file.filename}.metadata` };
    yield { path: file.path, label: file.filename, ...file.sizeBytes !== undefined && { sizeBytes: file.sizeBytes } };
  }
}

function targetOf({ options }: WarmLine, { settings }: Expansion): WheelTarget {
  const platforms = options.platform?.split(",") ?? settings.platforms.filter((platform) => !platform.includes("/"));
  return { python: options.python ?? settings.python, platforms };
}

function filesOn(bytes: Uint8Array, { path, project }: { path: string; project: string }): File[] {
  const listed = parseJsonObject(bytes)?.files;
  if (!Array.isArray(listed)) throw new VaultError("upstream_failed", `The page of ${project} has no list of files`);
  return listed.filter(isJsonObject).flatMap((entry) => fileOf(entry, { path, project }) ?? []);
}

function fileOf(entry: JsonObject, { path, project }: { path: string; project: string }): File | null {
  const { filename, url, size, hashes, yanked } = entry;
  if (typeof filename !== "string" || typeof url !== "string") return null;
  const versionText = versionOf(filename, project);
  const version = versionText === null ? null : parseVersion(versionText);
  const at = URL.parse(url, `http://localhost${path}`);
  if (version === null || at?.host !== "localhost") return null;
  const requiresPython = entry["requires-python"];
  return {
    filename,
    path: at.pathname + at.search,
    sizeBytes: typeof size === "number" ? size : undefined,
    hashes: Object.entries(asJsonObject(hashes)).map(([algorithm, hex]) => `${algorithm}:${hex}`.toLowerCase()),
    hasMetadata: Boolean(entry["core-metadata"] ?? entry["dist-info-metadata"]),
    isYanked: Boolean(yanked),
    requiresPython: typeof requiresPython === "string" ? parseSpecifiers(requiresPython) : null,
    version,
    versionText: versionText!,
  };
}

interface Wanted {
  readonly specifiers: Specifiers;
  readonly target: WheelTarget;
  readonly hashes: readonly string[];
}

/** The files of the newest version that is allowed; pre-releases and yanked files count where nothing else is left. */
function ofOneVersion(files: readonly File[], { specifiers, target, hashes }: Wanted): readonly File[] {
  const python = target.python === undefined ? null : parseVersion(target.python);
  const allowed = files.filter(({ version, versionText, requiresPython }) =>
    specifiers.allows(version, versionText) &&
    (python === null || (requiresPython?.allows(python, target.python!) ?? true))
  );
  const matching = hashes.length === 0
    ? allowed
    : allowed.filter((file) => file.hashes.some((hash) => hashes.includes(hash)));
  const kept = matching.filter(({ isYanked }) => !isYanked || specifiers.isPinned);
  const final = kept.filter(({ version }) => specifiers.namesPreRelease || !isPreRelease(version));
  const candidates = final.length > 0 ? final : kept;
  const [newest] = candidates.toSorted((a, b) => compareVersions(b.version, a.version));
  return newest === undefined ? [] : candidates.filter(({ version }) => compareVersions(version, newest.version) === 0);
}

/**
 * Of one version, what pip would take: the best wheel for each platform, or else the source. All files without a
 * target; all wheels that fit where only a part of it is known.
 */
function choose(files: readonly File[], target: WheelTarget): readonly File[] {
  const { python, platforms } = target;
  if (python === undefined && platforms.length === 0) return files;
  const best = new Set<File>();
  for (const platform of platforms.length === 0 ? [null] : platforms) {
    const one = { python, platforms: platform === null ? [] : [platform] };
    const wheels = files.flatMap((file) => {
      const rank = file.filename.endsWith(".whl") ? rankWheel(file.filename, one) : null;
      return rank === null ? [] : [{ file, rank }];
    }).toSorted((a, b) => a.rank - b.rank);
    const isExact = python !== undefined && platform !== null;
    for (const { file } of isExact ? wheels.slice(0, 1) : wheels) best.add(file);
    if (wheels.length === 0) files.filter(({ filename }) => isSource(filename)).forEach((file) => best.add(file));
  }
  return [...best];
}

function isSource(filename: string): boolean {
  return /\.(?:tar\.\w+|tgz|zip)$/i.test(filename);
}

function noFile(
  text: string,
  { files, target: { python, platforms } }: { files: readonly File[]; target: WheelTarget },
): VaultError {
  const asked = [...python === undefined ? [] : [`Python ${python}`], ...platforms].join(", ");
  const why = files.length === 0 ? "the index lists no file of it" : "none of its files fits, and it has no source";
  return new VaultError("not_found", `Nothing for "${text}"${asked === "" ? "" : ` (${asked})`}: ${why}`);
}
