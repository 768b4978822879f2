import { parse } from "smol-toml";
import { VaultError } from "../../errors.ts";
import { asJsonObject, isJsonObject, type JsonObject } from "../../http/json.ts";
import type { ListFile, ListForm, ListReading } from "../../warming.ts";
import { normaliseName } from "./names.ts";

/** A package of a lock file, with the hashes of the files that it may be installed from. */
interface Locked {
  readonly name: string;
  readonly version: string;
  /** As `sha256:…`; empty where the file has none. */
  readonly hashes: readonly string[];
  /** A sentence about why it is on no index; null where it is on one. */
  readonly elsewhere: string | null;
}

/** The lock files of uv, of poetry, and of pip and others (PEP 751). */
export const lockFiles: readonly ListForm[] = [
  lockFile("uv.lock", /^requires-python\s*=|^\[\[package\]\]/m, ({ package: packages }) => listOf(packages).map(ofUv)),
  lockFile("poetry.lock", /^content-hash\s*=/m, ({ package: packages }) => listOf(packages).map(ofPoetry)),
  lockFile("pylock.toml", /^lock-version\s*=\s*"1\.0"/m, ({ packages }) => listOf(packages).map(ofPylock)),
];

function lockFile(name: string, mark: RegExp, read: (fields: JsonObject) => readonly Locked[]): ListForm {
  return {
    name,
    isForm: ({ path, text }) => isNamed(path, name) && mark.test(text),
    linesOf: (file, reading) => linesOf(read(parseToml(file)), reading),
  };
}

/** They look alike, so that the name decides; PEP 751 allows `pylock.dev.toml`. */
function isNamed(path: string, name: string): boolean {
  const file = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  return name === "pylock.toml" ? /^pylock(?:\.[^.]+)?\.toml$/.test(file) : file === name;
}

function linesOf(packages: readonly Locked[], { note }: ListReading): string[] {
  return packages.flatMap(({ name, version, hashes, elsewhere }) => {
    if (elsewhere === null) return [[`pypi:${normaliseName(name)}==${version}`, ...hashes].join(" ")];
    note(`${name} is left out: it comes from ${elsewhere}, not from an index`);
    return [];
  });
}

function parseToml({ path, text }: ListFile): JsonObject {
  try {
    return parse(text);
  } catch (error) {
    const [problem] = String((error as Error).message).split("\n", 1);
    throw new VaultError("config_invalid", `Cannot parse "${path}" as TOML: ${problem}`, { cause: error });
  }
}

function ofUv(fields: JsonObject): Locked {
  const { source, wheels, sdist } = fields;
  const kind = Object.keys(asJsonObject(source)).find((key) => key !== "registry") ?? null;
  const hashes = [...listOf(wheels), asJsonObject(sdist)].map(({ hash }) => hash);
  return locked(fields, hashes, kind);
}

function ofPoetry(fields: JsonObject): Locked {
  const { source, files } = fields;
  const { type } = asJsonObject(source);
  const kind = typeof type === "string" && type !== "legacy" ? type : null;
  return locked(fields, listOf(files).map(({ hash }) => hash), kind);
}

function ofPylock(fields: JsonObject): Locked {
  const { wheels, sdist } = fields;
  const kind = ["vcs", "directory", "archive"].find((key) => key in fields) ?? null;
  const files = [...listOf(wheels), asJsonObject(sdist)];
  const hashes = files.flatMap((file) =>
    Object.entries(asJsonObject(file.hashes)).map(([algorithm, hex]) => `${algorithm}:${hex}`)
  );
  return locked(fields, hashes, kind);
}

function locked({ name, version }: JsonObject, hashes: readonly unknown[], kind: string | null): Locked {
  const isComplete = typeof name === "string" && typeof version === "string";
  return {
    name: String(name),
    version: String(version),
    hashes: hashes.filter((hash) => typeof hash === "string").filter((hash) => /^\w+:[0-9a-f]+$/i.test(hash)),
    elsewhere: isComplete ? kind : kind ?? "somewhere else",
  };
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
