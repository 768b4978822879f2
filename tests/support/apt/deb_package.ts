import { dirname } from "node:path";
import { createHash } from "node:crypto";
import { runToSuccess } from "../run_command.ts";

export interface DebPackage {
  readonly name: string;
  readonly version: string;
  /** Its `Depends`; none where absent. */
  readonly depends?: string | undefined;
  /** How much random content it has, beside some headers. */
  readonly payloadBytes?: number;
}

/** How much random content packages have where nothing else is said. */
export const debPayloadBytes = 300_000;

/** The short description of all packages, and what it says at length. */
export const debDescription = { short: "a package for tests", long: " It has random bytes in it." };

/** Writes a `.deb` that any machine can install. */
export async function buildDeb(
  file: string,
  { name, version, depends, payloadBytes = debPayloadBytes }: DebPackage,
): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: dirname(file), prefix: `${name}-` });
  await Deno.mkdir(`${folder}/DEBIAN`);
  await Deno.mkdir(`${folder}/usr/share/${name}`, { recursive: true });
  await Deno.writeTextFile(`${folder}/DEBIAN/control`, controlOf({ name, version, depends }));
  await Deno.writeFile(`${folder}/usr/share/${name}/${version}`, randomBytes(payloadBytes));
  await runToSuccess(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, `${folder}.deb`]);
  await Deno.rename(`${folder}.deb`, file);
  await Deno.remove(folder, { recursive: true });
}

/** Writes a `.dsc` and the archive it names, which stands for the source, beside it. */
export async function buildSource(file: string, { name, version }: DebPackage): Promise<void> {
  const archive = `${name}_${version}.tar.gz`;
  const bytes = randomBytes(debPayloadBytes);
  const line = (algorithm: string) =>
    ` ${createHash(algorithm).update(bytes).digest("hex")} ${bytes.length} ${archive}`;
  const lines = [
    "Format: 1.0",
    `Source: ${name}`,
    `Binary: ${name}`,
    "Architecture: all",
    `Version: ${version}`,
    "Maintainer: Test <test@example.org>",
    "Checksums-Sha256:",
    line("sha256"),
    "Files:",
    line("md5"),
  ];
  await Deno.writeFile(`${dirname(file)}/${archive}`, bytes);
  await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
}

/** What a list of packages has about one more at this path, whatever its bytes are. */
export function listedDeb(deb: DebPackage, path: string): string {
  const sha256 = createHash("sha256").update(path).digest("hex");
  return `\n${controlOf(deb)}Filename: ${path}\nSize: ${debPayloadBytes}\nSHA256: ${sha256}\n`;
}

function controlOf({ name, version, depends }: DebPackage): string {
  const { short, long } = debDescription;
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: Test <test@example.org>",
    ...depends === undefined ? [] : [`Depends: ${depends}`],
    `Description: ${short}`,
    long,
    "",
  ].join("\n");
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 50_000) crypto.getRandomValues(bytes.subarray(at, at + 50_000));
  return bytes;
}
