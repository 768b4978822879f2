import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { freePort } from "../support/free_port.ts";
import { startNginx } from "../support/nginx.ts";
import { applicationDependencies } from "../support/npm/application.ts";
import { clientFolder, installClients } from "../support/npm/npm_client.ts";
import { abbreviate } from "../support/npm/npm_registry.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { type CopiedPackage, copyApplication } from "./application_copy.ts";
import { installCases, type InstallScene } from "./installs.ts";
import { startNpmInstalls } from "./npm_sides.ts";

/** `npm install` of a real application of some 400 packages. */
export const npmApplicationInstalls = installCases({ client: "npm-app", programs: ["npm"], createScene });

type Json = Readonly<Record<string, unknown>>;

/** Each set is the same application with other names, so that no cache has any of it. */
async function createScene(sets: number): Promise<InstallScene> {
  const [client] = await installClients(["npm 11"]);
  if (client === undefined) throw new Error("npm 11 cannot be installed from the registry that npm is set up with");
  const packages = await copyApplication(`${clientFolder}/application`);
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-bench-"));
  const port = freePort();
  for (let set = 0; set < sets; set++) {
    for (const one of packages) await writePackage(dir.path, one, set, `http://127.0.0.1:${port}`);
  }
  const upstream = stack.use(await startNginx({ root: dir.path, port, ...directives(dir.path) }));
  const dependenciesOf = (set: number) => renameKeys(applicationDependencies, set);
  return await startNpmInstalls(stack, { upstream, client, dependenciesOf });
}

/** A registry of files: both forms of each document, packed ahead, as registries have them. */
function directives(root: string): { http: string; server: string } {
  return {
    http: "map $http_accept $form { ~install-v1 abbreviated; default full; }",
    server: [
      "gzip_static on; gzip_vary on;",
      `location ~ ^/((?:@[^/]+/)?[^/]+)$ { default_type application/json; alias ${root}/$form/$1.json; }`,
      `location ~ ^/((?:@[^/]+/)?[^/]+)/-/([^/]+)$ { alias ${root}/tarballs/$1/$2; }`,
    ].join("\n"),
  };
}

async function writePackage(root: string, { document, tarballs, name }: CopiedPackage, set: number, origin: string) {
  const newName = rename(name, set);
  const versions: Record<string, Json> = {};
  for (const [version, manifest] of Object.entries(document["versions"] as Record<string, Json>)) {
    const file = `${name.replace(/^.*\//, "")}-${version}.tgz`;
    const dist: Record<string, unknown> = { ...manifest["dist"] as Json, tarball: `${origin}/${newName}/-/${file}` };
    const tarball = tarballs.get(version);
    if (tarball !== undefined) {
      const own = withTime(tarball, set);
      dist["shasum"] = createHash("sha1").update(own).digest("hex");
      dist["integrity"] = `sha512-${createHash("sha512").update(own).digest("base64")}`;
      await write(`${root}/tarballs/${newName}/${file}`, own);
    }
    versions[version] = { ...manifest, ...renameDependencies(manifest, set), name: newName, dist };
  }
  const full: Json = { ...document, _id: newName, name: newName, versions };
  for (const [form, one] of [["full", full], ["abbreviated", abbreviate(full)]] as const) {
    const text = JSON.stringify(one);
    await write(`${root}/${form}/${newName}.json`, Buffer.from(text));
    await write(`${root}/${form}/${newName}.json.gz`, gzipSync(text));
  }
}

function rename(name: string, set: number): string {
  return name.startsWith("@") ? `@set-${set}-${name.slice(1)}` : `set-${set}-${name}`;
}

function renameKeys<T>(record: Readonly<Record<string, T>>, set: number): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(name, set), value]));
}

/** A version's needs by their new names; a need can be another package than its name says (`npm:<name>@<range>`). */
function renameDependencies(manifest: Json, set: number): Json {
  const kinds = ["dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"];
  const own = kinds.filter((kind) => manifest[kind] !== undefined);
  return Object.fromEntries(own.map((kind) => {
    const needs = Object.entries(renameKeys(manifest[kind] as Json, set)).map(([name, range]) => {
      const isAlias = typeof range === "string" && range.startsWith("npm:");
      return [name, isAlias ? `npm:${rename(range.slice("npm:".length), set)}` : range];
    });
    return [kind, Object.fromEntries(needs)];
  }));
}

/** The same content in other bytes: gzip's header has a time that no one reads (RFC 1952, section 2.3). */
function withTime(tarball: Uint8Array<ArrayBuffer>, set: number): Uint8Array<ArrayBuffer> {
  const own = tarball.slice();
  new DataView(own.buffer).setUint32(4, set + 1, true);
  return own;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, bytes);
}
