import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Pattern } from "../pattern.ts";
import { tarOf } from "../tar.ts";
import { zipOf } from "../zip.ts";

/** A file that an index offers of a project. */
export interface PackageFile {
  /** Normalised (PEP 503). */
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
  readonly requiresPython: string | null;
  /** What an index may serve beside a wheel (PEP 658); null for an sdist. */
  readonly metadata: Uint8Array<ArrayBuffer> | null;
}

export interface PackageOptions {
  readonly requiresPython?: string;
  /** As in `Requires-Dist`: `lib>=1`. */
  readonly dependencies?: readonly string[];
  /** How many bytes of data lie in the wheel, before its metadata. */
  readonly dataBytes?: number;
}

/** A wheel that real installers take: one module of the project's name that knows its `version`. */
export function createWheel(name: string, version: string, options: PackageOptions = {}): PackageFile {
  const stem = `${moduleOf(name)}-${version}`;
  const info = `${stem}.dist-info`;
  const metadata = metadataOf(name, version, options);
  const files = {
    [`${moduleOf(name)}/__init__.py`]: `version = "${version}"\n`,
    ...options.dataBytes !== undefined && { [`${moduleOf(name)}/data.bin`]: new Pattern(options.dataBytes).bytes() },
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = [...Object.entries(files).map(recordLine), `${info}/RECORD,,\n`].join("");
  return {
    ...fileOf(name, version, `${stem}-py3-none-any.whl`, zipOf({ ...files, [`${info}/RECORD`]: record })),
    requiresPython: options.requiresPython ?? null,
    metadata: new TextEncoder().encode(metadata),
  };
}

/** The source of such a wheel. It brings its own build backend, so that building it needs nothing else. */
export function createSdist(name: string, version: string, options: PackageOptions = {}): PackageFile {
  const stem = `${moduleOf(name)}-${version}`;
  const wheel = createWheel(name, version, options);
  const archive = tarOf({
    [`${stem}/PKG-INFO`]: metadataOf(name, version, options),
    [`${stem}/pyproject.toml`]: pyproject,
    [`${stem}/backend.py`]: backend,
    [`${stem}/built/${wheel.filename}`]: wheel.bytes,
  });
  const packed = new Uint8Array(gzipSync(new Uint8Array(Buffer.concat([...archive]))));
  return {
    ...fileOf(name, version, `${stem}.tar.gz`, packed),
    requiresPython: options.requiresPython ?? null,
    metadata: null,
  };
}

const pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';

/** A build that only looks like one: the wheel is there already. */
const backend = `import os, shutil
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    [name] = os.listdir("built")
    shutil.copy(os.path.join("built", name), wheel_directory)
    return name
`;

/** A project's name as paths of an index have it (PEP 503). */
export function normalisedName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** As it stands in names of files, and is imported. */
function moduleOf(name: string): string {
  return normalisedName(name).replaceAll("-", "_");
}

function metadataOf(name: string, version: string, { requiresPython, dependencies = [] }: PackageOptions): string {
  const lines = [
    "Metadata-Version: 2.1",
    `Name: ${name}`,
    `Version: ${version}`,
    ...requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`],
    ...dependencies.map((dependency) => `Requires-Dist: ${dependency}`),
  ];
  return lines.join("\n") + "\n";
}

function recordLine([path, content]: [string, string | Uint8Array]): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return `${path},sha256=${createHash("sha256").update(bytes).digest("base64url")},${bytes.byteLength}\n`;
}

function fileOf(
  name: string,
  version: string,
  filename: string,
  bytes: Uint8Array<ArrayBuffer>,
): Pick<PackageFile, "project" | "version" | "filename" | "bytes" | "sha256"> {
  return { project: normalisedName(name), version, filename, bytes, sha256: sha256Hex(bytes) };
}
