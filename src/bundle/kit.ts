import { createHash } from "node:crypto";
import { writeAll } from "../archive/byte_sink.ts";
import { removeIfThere } from "../archive/partial_file.ts";
import { VaultError } from "../errors.ts";
import { shellFile, shellWord } from "../observe/shell_word.ts";
import { statOrNull } from "../store/regular_files.ts";

export interface KitContent {
  /** Executables that are copied into the kit, by their paths; the first one is named in the text. */
  readonly executables: readonly string[];
  /** True where the first executable serves only with `--allow-old-runtime`. */
  readonly isOldRuntime: boolean;
  /** The configuration in YAML. */
  readonly config: string;
  /** The public key that the bundle is verified with, in PEM; null for a bundle that is not signed. */
  readonly publicKey: string | null;
  /** The name in the kit by which the bundle is imported. */
  readonly bundle: string;
  /** The address of the page of the vault, by its configuration. */
  readonly url: string;
  /** True where other machines reach the server, by its configuration. */
  readonly isForOthers: boolean;
}

/** The name of the public key in a kit. */
export const kitKey = "vault.pub.pem";
const kitConfig = "config.yml";
const instructions = "INSTALL.txt";
/** The name of the file with the digests of all others, which is written last. */
const sums = "SHA256SUMS";
const chunkBytes = 1024 * 1024;

/** What has a name of its own in every kit, by that name. The cache is made where the server starts. */
export const kitNames: Readonly<Record<string, string>> = {
  [kitConfig]: "the configuration",
  [instructions]: "the text that says what to do",
  [sums]: "the list of digests",
  [kitKey]: "the public key",
  cache: "the cache",
};

/** True for a folder that a kit was made in. */
export function isKit(folder: string): boolean {
  return statOrNull(`${folder}/${sums}`) !== null;
}

/** The first name that a kit would write to and a folder has already; null for none. */
export function nameInTheWay(folder: string, executables: readonly string[]): string | null {
  const names = [kitConfig, instructions, kitKey, ...executables.map(nameOf)];
  return names.find((name) => statOrNull(`${folder}/${name}`) !== null) ?? null;
}

/**
 * Completes a folder in which a bundle is: executables, configuration, key, a text that says what to do, and the digests
 * of everything. Replaces no file. Throws what the operating system says, and `storage_failed` once `signal` is aborted;
 * the folder is then as it was.
 */
export async function writeKit(folder: string, content: KitContent, signal: AbortSignal): Promise<void> {
  const { executables, config, publicKey } = content;
  const written: string[] = [];
  const writeText = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, text, { createNew: true });
    written.push(name);
  };
  try {
    for (const path of executables) {
      using copy = await Deno.open(`${folder}/${nameOf(path)}`, { write: true, createNew: true });
      written.push(nameOf(path));
      for await (const chunk of chunksOf(path, signal)) writeAll(copy, chunk);
      await Deno.chmod(`${folder}/${nameOf(path)}`, 0o755).catch(ignoreUnsupported);
    }
    await writeText(kitConfig, config);
    if (publicKey !== null) await writeText(kitKey, publicKey);
    await writeText(instructions, installText(content));
    await writeText(sums, await sumsOf(folder, signal));
  } catch (error) {
    for (const name of written) removeIfThere(`${folder}/${name}`);
    throw error;
  }
}

/** A file system without rights, as on most sticks. */
function ignoreUnsupported(error: unknown): void {
  if (!(error instanceof Deno.errors.NotSupported || error instanceof Deno.errors.PermissionDenied)) throw error;
}

/** Says what to do with a kit; lines that begin with four spaces are commands, in their order. */
function installText({ executables, isOldRuntime, publicKey, bundle, url, isForOthers }: KitContent): string {
  const names = executables.map((path) => shellFile(nameOf(path)));
  const program = shellWord(`./${nameOf(executables[0] ?? "")}`);
  const others = names.length > 1 ? `\n   (There are others for other machines: ${names.slice(1).join(", ")}.)` : "";
  const signed = publicKey === null
    ? "   The bundle is not signed: whoever could write to this folder could change it."
    : `   The bundle is signed. ${kitConfig} trusts the key ${kitKey} alone: compare its fingerprint with the one that\n` +
      `   you were told on another way (${program} bundle key show ${kitKey}).`;
  const address = isForOthers
    ? "the address (http_host, http_port)"
    : "the address: with this http_host nobody but the server\n   itself reaches it, so write http_host: 0.0.0.0 there " +
      "for all others; http_port";
  const [oldRuntime, note] = isOldRuntime
    ? [
      " --allow-old-runtime",
      "\n   This program was built with an old runtime, which has known holes, hence the option.",
    ]
    : ["", ""];
  return `Artifact Vault for a site without internet

1. Copy this folder to the disk of the server, and go there. Make sure that all of it arrived:

    sha256sum --check --quiet ${sums}

2. Some sticks forget what is a program:${others}

    chmod +x ${names[0]}

3. Look at ${kitConfig}: ${address}; and cache_dir, where everything will be.
   What belongs to the machine outside was left out: secrets, certificates and paths.

    ${program} check --config ${kitConfig}

4. Bring the content into the cache. The same command, with the name of the next bundle, brings what comes later, also
   while the server runs.
${signed}

    ${program} bundle import ${shellFile(bundle)} --config ${kitConfig}

5. Start the server, by hand at first. Its page, ${url}, says how clients use it.${note}

    ${program} serve --config ${kitConfig}${oldRuntime}

Nothing else is needed on the server. What clients asked for in vain is listed by

    ${program} cache misses --config ${kitConfig}
`;
}

async function sumsOf(folder: string, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  for (const path of filesBelow(folder, "").sort()) {
    if (path !== sums) lines.push(`${await sha256OfFile(`${folder}/${path}`, signal)}  ${path}\n`);
  }
  return lines.join("");
}

function filesBelow(folder: string, prefix: string): string[] {
  return [...Deno.readDirSync(`${folder}/${prefix}`)].flatMap(({ name, isDirectory, isFile }) => {
    if (isDirectory) return filesBelow(folder, `${prefix}${name}/`);
    return isFile ? [prefix + name] : [];
  });
}

async function sha256OfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(path, signal)) hash.update(chunk);
  return hash.digest("hex");
}

/** Reads off this thread, so that signals arrive meanwhile. A chunk is overwritten by the next one. */
async function* chunksOf(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  const chunk = new Uint8Array(chunkBytes);
  for (let count; (count = await file.read(chunk)) !== null;) {
    if (signal.aborted) throw new VaultError("storage_failed", "it was stopped", { cause: signal.reason });
    yield chunk.subarray(0, count);
  }
}

/** The name that an executable has in a kit. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
