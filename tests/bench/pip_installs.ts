import { dirname } from "node:path";
import { startNginx } from "../support/nginx.ts";
import { createPip } from "../support/pip_client.ts";
import { createWheel, type PackageFile, sha256Hex } from "../support/python_package.ts";
import { kib } from "../support/random_file.ts";
import { formatPage } from "../support/simple_page.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import type { Case } from "./bench.ts";
import { compareInstalls } from "./installs.ts";
import { startBackend, straightTo } from "./sides.ts";

/** 10 KiB to 5 MiB; every package but the first needs one before it. */
const wheels = Array.from({ length: 20 }, (_, index) =>
  createWheel(`package-${index}`, "1.0", {
    dataBytes: 10 * kib * 512 ** (index / 19),
    dependencies: index === 0 ? [] : [`package-${index >> 1}`],
  }));

/** `pip download` of 20 packages. */
export const pipDownload: Case = {
  name: "pip",
  programs: ["python3"],
  async run({ settings }) {
    await using dir = await createTempDir("vault-bench-");
    for (const wheel of wheels) await publish(dir, wheel);
    await using upstream = await startNginx({
      root: dir.join("index"),
      server: "location /simple/ { types {} default_type text/html; index index.html; }",
    });
    const urls = { index_url: `${upstream.url}/simple`, packages_url: `${upstream.url}/packages` };
    await using clients = new AsyncDisposableStack();
    let downloads = 0;
    return await compareInstalls({
      name: "pip",
      upstream,
      ways: [
        () => startBackend({ type: "pypi", name: "pypi", config: urls }),
        () => Promise.resolve(straightTo(upstream)),
      ],
      async createClient(url) {
        const destination = dir.join(`download-${++downloads}`);
        const pip = clients.use(await createPip({ indexUrl: `${url}/simple` }));
        return async () => {
          const { code, stderr } = await pip.run(
            "download",
            "--dest",
            destination,
            ...wheels.map(({ project }) => project),
          );
          if (code !== 0) throw new Error(`pip download ended with code ${code}:\n${stderr}`);
        };
      },
    }, settings.repeats);
  },
};

/** Puts a wheel, its metadata and its project's page where a web server serves them. */
async function publish(dir: TempDir, wheel: PackageFile): Promise<void> {
  const { project, filename, bytes, metadata } = wheel;
  const url = `../../packages/${filename}`;
  const listed = { file: wheel, url, sidecar: true, metadataSha256: sha256Hex(metadata!) };
  const page = new TextEncoder().encode(formatPage("html", project, [listed]));
  const files = {
    [`simple/${project}/index.html`]: page,
    [`packages/${filename}`]: bytes,
    [`packages/${filename}.metadata`]: metadata!,
  };
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(dir.join(`index/${path}`)), { recursive: true });
    await Deno.writeFile(dir.join(`index/${path}`), content);
  }
}
