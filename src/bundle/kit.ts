import { createHash } from "node:crypto";
import { folderMode } from "../store/files.ts";
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
/** The name of the file with the digests of all others, which is written last. */
const sums = "SHA256SUMS";
const chunkBytes = 1024 * 1024;

/** True for a folder that a kit was made in. */
export function isKit(folder: string): boolean {
  return statOrNull(`${folder}/${sums}`) !== null;
}

/** Makes the folder of a kit, unless it is there. Only this user may look into a new one. */
export function createKitFolder(folder: string): void {
  Deno.mkdirSync(folder, { recursive: true, mode: folderMode });
}

/**
 * Completes a folder in which a bundle is: executables, configuration, key, a text that says what to do, and the digests
 * of everything. Throws what the operating system says.
 */
export async function writeKit(folder: string, content: KitContent): Promise<void> {
  const { executables, config, publicKey, bundle } = content;
  for (const path of executables) {
    const copy = `${folder}/${nameOf(path)}`;
    await Deno.copyFile(path, copy);
    await Deno.chmod(copy, 0o755).catch(ignoreUnsupported);
  }
  await Deno.writeTextFile(`${folder}/config.yml`, config);
  if (publicKey !== null) await Deno.writeTextFile(`${folder}/${kitKey}`, publicKey);
  await Deno.writeTextFile(`${folder}/INSTALL.txt`, installText({ ...content, bundle }));
  await Deno.writeTextFile(`${folder}/${sums}`, await sumsOf(folder));
}

/** A file system without rights, as on most sticks. */
function ignoreUnsupported(error: unknown): void {
  if (!(error instanceof Deno.errors.NotSupported || error instanceof Deno.errors.PermissionDenied)) throw error;
}

/** Says what to do with a kit; lines that begin with four spaces are commands, in their order. */
function installText({ executables, isOldRuntime, publicKey, bundle, url, isForOthers }: KitContent): string {
  const names = executables.map(nameOf);
  const [program = ""] = names;
  const others = names.length > 1 ? `\n   (There are others for other machines: ${names.slice(1).join(", ")}.)` : "";
  const signed = publicKey === null
    ? "   The bundle is not signed: whoever could write to this folder could change it."
    : `   The bundle is signed. config.yml trusts the key ${kitKey} alone: compare its fingerprint with the one that\n` +
      `   you were told on another way (./${program} bundle key show ${kitKey}).`;
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

    chmod +x ${program}

3. Look at config.yml: ${address}; and cache_dir, where everything will be.
   What belongs to the machine outside was left out: secrets, certificates and paths.

    ./${program} check --config config.yml

4. Bring the content into the cache. The same command, with the name of the next bundle, brings what comes later, also
   while the server runs.
${signed}

    ./${program} bundle import ${bundle} --config config.yml

5. Start the server, by hand at first. Its page, ${url}, says how clients use it.${note}

    ./${program} serve --config config.yml${oldRuntime}

Nothing else is needed on the server. What clients asked for in vain is listed by

    ./${program} cache misses --config config.yml
`;
}

async function sumsOf(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const path of filesBelow(folder, "").sort()) {
    if (path !== sums) lines.push(`${await sha256OfFile(`${folder}/${path}`)}  ${path}\n`);
  }
  return lines.join("");
}

function filesBelow(folder: string, prefix: string): string[] {
  return [...Deno.readDirSync(`${folder}/${prefix}`)].flatMap(({ name, isDirectory, isFile }) => {
    if (isDirectory) return filesBelow(folder, `${prefix}${name}/`);
    return isFile ? [prefix + name] : [];
  });
}

async function sha256OfFile(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const chunk = new Uint8Array(chunkBytes);
  for (let count; (count = file.readSync(chunk)) !== null;) hash.update(chunk.subarray(0, count));
  return hash.digest("hex");
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
