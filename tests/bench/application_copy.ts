import { join } from "node:path";
import { applicationDependencies, configuredRegistry } from "../support/npm/application.ts";
import { NpmProject } from "../support/npm/npm_client.ts";

type Json = Readonly<Record<string, unknown>>;

/** A package of the application: the whole document about it, and the tarballs of the versions that are installed. */
export interface CopiedPackage {
  readonly name: string;
  readonly document: Json;
  readonly tarballs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** A lock file's packages, by the folders that they are installed in. */
interface LockFile {
  readonly packages: Readonly<Record<string, { name?: string; version: string; resolved?: string }>>;
}

/** Reads all packages of the application from a copy in `folder`, which is made from npm's registry where it is not. */
export async function copyApplication(folder: string): Promise<CopiedPackage[]> {
  const registry = await configuredRegistry();
  if (registry === null) throw new Error("there is no npm, from which the application comes");
  const needed = await versionsNeeded(registry, join(folder, "package-lock.json"));
  const copies: CopiedPackage[] = [];
  for (const [name, tarballUrls] of needed) {
    const base = join(folder, name.replace("/", "+"));
    const document = parse<Json>(await copied(`${registry}/${name}`, `${base}.json`));
    const tarballs = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const [version, url] of tarballUrls) tarballs.set(version, await copied(url, `${base}-${version}.tgz`));
    copies.push({ name, document, tarballs });
  }
  return copies;
}

/** By name, the versions that npm chooses, with the URLs of their tarballs. */
async function versionsNeeded(registry: string, path: string): Promise<Map<string, Map<string, string>>> {
  const lock = parse<LockFile>(await kept(path, () => createLock(registry)));
  const needed = new Map<string, Map<string, string>>();
  for (const [place, { name: own, version, resolved }] of Object.entries(lock.packages)) {
    if (place === "" || resolved === undefined) continue;
    const name = own ?? place.replace(/^.*node_modules\//, "");
    const versions = needed.get(name) ?? new Map<string, string>();
    needed.set(name, versions.set(version, resolved));
  }
  return needed;
}

async function createLock(registry: string): Promise<Uint8Array<ArrayBuffer>> {
  await using project = await NpmProject.create("npm 11", registry, { dependencies: applicationDependencies });
  await project.succeed("install", "--package-lock-only", "--ignore-scripts");
  return new TextEncoder().encode(await project.lock());
}

async function copied(url: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await kept(path, async () => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return await response.bytes();
  });
}

/** The bytes of a file, which is written whole where there is none yet. */
async function kept(path: string, make: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const found = await Deno.readFile(path).catch(() => null);
  if (found !== null) return found;
  const bytes = await make();
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(`${path}.new`, bytes);
  await Deno.rename(`${path}.new`, path);
  return bytes;
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
