import { freePort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { createNpmPackage } from "../support/npm/npm_package.ts";
import type { TempDir } from "../support/temp_dir.ts";

/** A registry of plain files in `dir`: packages by their numbers of versions, 6,000 of which make a document of 10 MB. */
export async function startNpmRegistry(dir: TempDir, packages: Readonly<Record<string, number>>): Promise<Nginx> {
  const tool = createNpmPackage("small", "1.0.0", { files: { "data.bin": "0123456789".repeat(3000) } });
  await Deno.mkdir(dir.join("tarballs"));
  await Deno.writeFile(dir.join("tarballs", "small-1.0.0.tgz"), tool.tarball);
  const locations = Object.keys(packages).map((name) =>
    `location = /${name} { alias ${dir.path}/${name}.json; default_type application/json; }`
  );
  const server = [...locations, `location /small/-/ { alias ${dir.path}/tarballs/; }`].join("\n");
  const port = freePort();
  for (const [name, versions] of Object.entries(packages)) {
    const text = documentOf(name, versions, { origin: `http://127.0.0.1:${port}`, tool });
    await Deno.writeTextFile(dir.join(`${name}.json`), text);
  }
  return await startNginx({ root: dir.path, port, server });
}

interface Registry {
  readonly origin: string;
  readonly tool: ReturnType<typeof createNpmPackage>;
}

function documentOf(name: string, count: number, { origin, tool: { integrity, shasum } }: Registry): string {
  const dependencies = (group: string, many: number, at: number) =>
    Object.fromEntries(Array.from({ length: many }, (_, index) => [`${group}-${index}`, `^${index}.${at}.0`]));
  const versions = Array.from({ length: count }, (_, at) => {
    const version = `1.0.${at}`;
    const tarball = `${origin}/${name}/-/${name}-${version}.tgz`;
    return [version, {
      ...{ name, version, _id: `${name}@${version}`, description: "a package for a bench" },
      dependencies: dependencies("dep", 20, at),
      devDependencies: dependencies("devdep", 30, at),
      dist: { integrity, shasum, tarball },
    }];
  });
  const time = Object.fromEntries(versions.map(([version]) => [version, "2020-01-01T00:00:00.000Z"]));
  return JSON.stringify({
    ...{ _id: name, _rev: "1-0", name, "dist-tags": { latest: "1.0.0" }, versions: Object.fromEntries(versions) },
    time: { ...time, created: "2020-01-01T00:00:00.000Z", modified: "2020-01-01T00:00:00.000Z" },
  });
}
