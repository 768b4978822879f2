import { dirname } from "node:path";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { createPip } from "../support/pypi/pip_client.ts";
import { createWheel, type PackageFile, sha256Hex } from "../support/pypi/python_package.ts";
import { formatPage, type ListedFile } from "../support/pypi/simple_page.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { installCases, type InstallScene } from "./installs.ts";
import { type Side, startBackend, startNginxSide, startSides, straightTo } from "./sides.ts";

const wheels = 20;
/** What pip is told to download; each of these needs another one, which needs another one, and so on. */
const requested = 5;
/** Of each project, besides the one that pip takes. */
const olderVersions = 100;

/** `pip download` of 20 packages, 15 of which are there since others need them. */
export const pipInstalls = installCases({ client: "pip", programs: ["pip3"], createScene });

/** Each set is of other projects in one index, as plain files: HTML pages, wheels, and their metadata beside them. */
async function createScene(sets: number): Promise<InstallScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-bench-"));
  for (let set = 0; set < sets; set++) {
    for (let index = 0; index < wheels; index++) await publish(dir.path, wheelOf(set, index));
  }
  const pages = "location /simple/ { types {} default_type text/html; }";
  const upstream = stack.use(await startNginx({ root: dir.path, server: pages }));
  const config = { index_url: `${upstream.url}/simple`, packages_url: upstream.url };
  const sides = stack.use(
    await startSides(
      () => startBackend({ type: "pypi", name: "pypi", config }),
      () => startNginxCache(upstream),
      () => straightTo(upstream),
    ),
  );
  const resources = stack.move();
  return {
    ...{ upstream, sides },
    async createClient(side, set) {
      const pip = resources.use(await createPip({ indexUrl: side.url("/simple") }));
      const projects = Array.from({ length: requested }, (_, index) => projectOf(set, index));
      return async () => {
        const downloaded = await pip.download(...projects);
        if (downloaded.length !== wheels) throw new Error(`pip has downloaded ${downloaded.length} of ${wheels} files`);
      };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function startNginxCache(upstream: Nginx): Promise<Side> {
  const side = await startNginxSide(upstream);
  return { ...side, url: (path) => side.url(path.slice(1)) };
}

function projectOf(set: number, index: number): string {
  return `set-${set}-package-${index}`;
}

/** With 10 kB to 5 MB of content, most of them little. */
function wheelOf(set: number, index: number): PackageFile {
  const needed = index + requested;
  return createWheel(projectOf(set, index), "2.0", {
    dataBytes: Math.round(10_000 * 500 ** (index / (wheels - 1))),
    dependencies: needed < wheels ? [`${projectOf(set, needed)}>=1.100`] : [],
  });
}

async function publish(root: string, wheel: PackageFile): Promise<void> {
  const { project, filename, bytes, metadata } = wheel;
  const older = Array.from({ length: olderVersions }, (_, index) => listed(olderThan(wheel, `1.${index}`)));
  const page = formatPage("html", project, [...older, listed(wheel)]);
  const files = {
    [`simple/${project}/index.html`]: new TextEncoder().encode(page),
    [`packages/${filename}`]: bytes,
    [`packages/${filename}.metadata`]: metadata!,
  };
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
    await Deno.writeFile(`${root}/${path}`, content);
  }
}

function listed(file: PackageFile): ListedFile {
  const url = `../../packages/${file.filename}`;
  return { file, url, sidecar: true, metadataSha256: sha256Hex(file.metadata!) };
}

/** One that is on the page only: nobody asks for it. */
function olderThan(wheel: PackageFile, version: string): PackageFile {
  const filename = wheel.filename.replace(wheel.version, version);
  return { ...wheel, version, filename, sha256: sha256Hex(new TextEncoder().encode(filename)) };
}
