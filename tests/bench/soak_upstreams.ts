import { dirname } from "node:path";
import { AptRepository } from "../support/apt/repository.ts";
import { startLayoutRegistry } from "../support/oci/layout_registry.ts";
import { startNginx } from "../support/nginx.ts";
import { createImage, createLargeLayer, platformOf } from "../support/oci/image.ts";
import { OciLayout } from "../support/oci/layout.ts";
import type { BackendEntry } from "../support/oci/scene.ts";
import { createWheel, sha256Hex } from "../support/pypi/python_package.ts";
import { createRandomFile, kib, mib } from "../support/random_file.ts";
import { formatPage } from "../support/pypi/simple_page.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";

/** Local upstreams of every type, with more than the vault may keep. */
export interface SoakUpstreams extends AsyncDisposable {
  readonly backends: readonly BackendEntry[];
  /** What can be asked of the vault, with 200 as the answer. */
  readonly paths: readonly string[];
  /** One of a body that is large enough for slow clients and ranges. */
  readonly large: string;
  /** Forgets what it has recorded. */
  forget(): void;
}

const fileSizes = [2 * kib, 30 * kib, 200 * kib, 2 * mib, 9 * mib];
const setsOfFiles = 20;
const image = "library/app:1";

export async function startSoakUpstreams(): Promise<SoakUpstreams> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-soak-"));
  const files = await makeFiles(dir);
  const wheels = await makeIndex(dir);
  const repository = stack.use(await AptRepository.create(stack.use(await createTempDir("vault-soak-"))));
  await repository.publish({ packages: { hello: "1.0", other: "2.0" }, payloadBytes: { hello: 300_000, other: 5000 } });
  const pages = "location /simple/ { types {} default_type text/html; }";
  const nginx = stack.use(
    await startNginx({ root: dir.path, server: `${pages} location /debian/ { alias ${repository.root}/; }` }),
  );
  const layout = new OciLayout(dir.join("layout"));
  const layers = [await createLargeLayer(layout, 300_000, 1), await createLargeLayer(layout, 3_000_000, 2)];
  const made = await createImage(layout, { message: "soak", layers, architectures: ["amd64"] });
  const registry = stack.use(startLayoutRegistry(layout, { tags: { [image]: made.root } }));
  const { config, layers: blobs } = platformOf(made, "amd64");
  const resources = stack.move();
  return {
    backends: [
      { type: "http", name: "files", config: { prefix: "/files", base_url: `${nginx.url}/files`, ttl: "20s" } },
      { type: "pypi", name: "pypi", config: { prefix: "/pypi", index_url: `${nginx.url}/simple`, ttl: "10s" } },
      { type: "apt", name: "debian", config: { prefix: "/debian", mirror_url: `${nginx.url}/debian`, ttl: "10s" } },
      { type: "dockerhub", name: "hub", config: { registry_url: registry.url, tag_ttl: "10s" } },
    ],
    paths: [
      ...files.map((name) => `/files/${name}`),
      ...wheels.flatMap(({ project }) => [`/pypi/simple/${project}/`]),
      ...walk(repository.root).map((name) => `/debian/${name}`),
      "/v2/library/app/manifests/1",
      ...[config, ...blobs].map(({ digest }) => `/v2/library/app/blobs/${digest}`),
    ],
    large: `/files/${files.at(-1)!}`,
    forget: () => registry.forget(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function makeFiles(dir: TempDir): Promise<string[]> {
  await Deno.mkdir(dir.join("files"));
  const names: string[] = [];
  for (let set = 0; set < setsOfFiles; set++) {
    for (const size of fileSizes) {
      names.push((await createRandomFile(dir.join("files"), `${set}-${size}`, size)).name);
    }
  }
  return names;
}

async function makeIndex(dir: TempDir) {
  const wheels = ["one", "two", "three"].map((project) => createWheel(project, "1.0", { dataBytes: 200_000 }));
  for (const file of wheels) {
    const older = Array.from(
      { length: 500 },
      (_, version) => ({ ...file, filename: `${file.project}-0.${version}.zip` }),
    );
    const listed = [file, ...older].map((file) => ({
      ...{ file, sidecar: false, metadataSha256: null, sha256: sha256Hex(file.bytes) },
      url: `../../packages/${file.filename}`,
    }));
    await write(dir.join("simple", file.project, "index.html"), formatPage("html", file.project, listed));
    await write(dir.join("packages", file.filename), file.bytes);
  }
  return wheels;
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
}
