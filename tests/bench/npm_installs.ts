import { createNpmPackage, type NpmPackage } from "../support/npm/npm_package.ts";
import { installClients } from "../support/npm/npm_client.ts";
import { freePort } from "../support/free_port.ts";
import { startNginx } from "../support/nginx.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { installCases, type InstallScene } from "./installs.ts";
import { startNpmInstalls } from "./npm_sides.ts";

const packages = 60;
/** What the application names; each of these needs another one, which needs another one, and so on. */
const requested = 10;
/** Of each package, besides the one that is installed. */
const olderVersions = 100;

/** `npm install` of 60 packages, 50 of which are there since others need them. */
export const npmInstalls = installCases({ client: "npm", programs: ["npm"], createScene });

/** Each set is of other packages in one registry, as plain files. */
async function createScene(sets: number): Promise<InstallScene> {
  const [client] = await installClients(["npm 11"]);
  if (client === undefined) throw new Error("npm 11 cannot be installed from the registry that npm is set up with");
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-bench-"));
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  for (const folder of ["documents", "tarballs"]) await Deno.mkdir(dir.join(folder));
  for (let set = 0; set < sets; set++) {
    for (let index = 0; index < packages; index++) {
      const one = packageOf(set, index);
      await Deno.writeTextFile(dir.join("documents", `${one.name}.json`), JSON.stringify(documentOf(one, origin)));
      await Deno.writeFile(dir.join("tarballs", `${one.name}-${one.version}.tgz`), one.tarball);
    }
  }
  const server = [
    `location ~ ^/([^/]+)$ { default_type application/json; alias ${dir.path}/documents/$1.json; }`,
    `location ~ ^/[^/]+/-/([^/]+)$ { alias ${dir.path}/tarballs/$1; }`,
  ].join("\n");
  const upstream = stack.use(await startNginx({ root: dir.path, port, server }));
  return await startNpmInstalls(stack, {
    ...{ upstream, client },
    dependenciesOf: (set) =>
      Object.fromEntries(Array.from({ length: requested }, (_, index) => [nameOf(set, index), "^2.0.0"])),
  });
}

function nameOf(set: number, index: number): string {
  return `set-${set}-package-${index}`;
}

/** With 5 kB to 1 MB of content, most of them little. */
function packageOf(set: number, index: number): NpmPackage {
  const needed = index + requested;
  const data = crypto.getRandomValues(new Uint8Array(50_000));
  const copies = Math.ceil(20 ** (index / (packages - 1)) / 2);
  return createNpmPackage(nameOf(set, index), "2.0.0", {
    ...needed < packages && { dependencies: { [nameOf(set, needed)]: "^2.0.0" } },
    files: Object.fromEntries(Array.from({ length: copies }, (_, copy) => [`data-${copy}.bin`, data])),
  });
}

function documentOf({ name, manifest, integrity, shasum }: NpmPackage, origin: string): Record<string, unknown> {
  const older = Array.from({ length: olderVersions }, (_, at) => `1.${at}.0`);
  const versions = [...older, "2.0.0"].map((version) => {
    const tarball = `${origin}/${name}/-/${name}-${version}.tgz`;
    return [version, { ...manifest, version, _id: `${name}@${version}`, dist: { integrity, shasum, tarball } }];
  });
  const time = Object.fromEntries(versions.map(([version]) => [version, "2020-01-01T00:00:00.000Z"]));
  return {
    ...{ _id: name, _rev: "1-0", name, "dist-tags": { latest: "2.0.0" }, versions: Object.fromEntries(versions) },
    time: { ...time, created: "2020-01-01T00:00:00.000Z", modified: "2020-01-01T00:00:00.000Z" },
  };
}
