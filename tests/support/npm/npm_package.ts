import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type TarEntry, tarOf } from "../tar.ts";

/** A version of a package, as its publisher has it. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** What is in its `package.json`. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly tarball: Uint8Array<ArrayBuffer>;
  /** Its SHA-1, in hex. */
  readonly shasum: string;
  /** Its SHA-512, as `sha512-…`. */
  readonly integrity: string;
}

export interface NpmPackageOptions {
  readonly dependencies?: Readonly<Record<string, string>>;
  /** More keys of `package.json`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** More files, by their paths in the package. */
  readonly files?: Readonly<Record<string, TarEntry>>;
}

/** A package that real clients install: a module that is its own version. */
export function createNpmPackage(name: string, version: string, options: NpmPackageOptions = {}): NpmPackage {
  const { dependencies, more, files = {} } = options;
  const manifest = { name, version, main: "index.js", ...dependencies && { dependencies }, ...more };
  const entries = { "package.json": JSON.stringify(manifest), "index.js": moduleOf(version), ...files };
  const inFolder = Object.entries(entries).map(([path, entry]) => [`package/${path}`, entry] as const);
  const tarball = new Uint8Array(gzipSync(new Uint8Array(Buffer.concat([...tarOf(Object.fromEntries(inFolder))]))));
  return {
    name,
    version,
    manifest,
    tarball,
    shasum: createHash("sha1").update(tarball).digest("hex"),
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  };
}

function moduleOf(version: string): string {
  return `module.exports = ${JSON.stringify(version)};\n`;
}
