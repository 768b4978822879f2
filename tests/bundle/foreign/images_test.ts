import assert from "node:assert/strict";
import { createForeignSite } from "../../support/foreign_import.ts";
import { createImage, hostArchitecture, type Image, platformOf } from "../../support/oci/image.ts";
import { OciLayout } from "../../support/oci/layout.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const ignore = missingPrograms("busybox").length > 0;

const hub = { type: "dockerhub", name: "hub", config: {} };
const quay = { type: "oci", name: "quay", config: { registry_url: "https://quay.io" } };

/** Names images in a layout's index, as skopeo and oras do. */
function tag(
  layout: OciLayout,
  images: Readonly<Record<string, Image>>,
  annotation = "org.opencontainers.image.ref.name",
) {
  const manifests = Object.entries(images).map(([name, { root }]) => ({
    ...root,
    annotations: { [annotation]: name },
  }));
  Deno.writeTextFileSync(`${layout.path}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
}

Deno.test(
  { name: "an image of an OCI layout is pulled offline, with the digests it has in the layout", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub, quay]);
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "carried" });
    tag(layout, { "library/app:1": image, "quay.io/org/app:2": image });
    const imported = await site.import(layout.path);
    assert.equal(imported.description, "an OCI image layout");
    assert.deepEqual(imported.lines.filter((line) => !line.startsWith("imported")), []);
    await using vault = await site.serve();
    assert.equal((await pullLikeDocker(vault.origin, "library/app:1")).root, image.root.digest);
    assert.equal((await pullLikeDocker(vault.origin, "quay.io/org/app:2")).root, image.root.digest);
  },
);

Deno.test(
  { name: "an image without all of its layers is left out, and what is missing is named", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "half", architectures: ["amd64"] });
    tag(layout, { "library/app:1": image });
    const layer = image.platforms[0]!.layers.at(-1)!.digest;
    Deno.removeSync(layout.pathOf(layer));
    assert.deepEqual((await site.import(layout.path)).lines, [
      `left_out docker.io/library/app:1: the source does not have all of it: ${layer} is missing`,
    ]);
  },
);

Deno.test({ name: "of an index with one platform's content, that platform is imported", ignore }, async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([hub]);
  const layout = new OciLayout(dir.join("layout"));
  const image = await createImage(layout, { message: "one", architectures: [hostArchitecture, "riscv64"] });
  tag(layout, { "library/app:1": image });
  Deno.removeSync(layout.pathOf(platformOf(image, "riscv64").manifest.digest));
  const imported = await site.import(layout.path);
  assert.match(imported.lines.at(-1)!, /^kept docker.io\/library\/app:1: .* only a part/);
  await using vault = await site.serve();
  assert.equal((await pullLikeDocker(vault.origin, "library/app:1")).root, image.root.digest);
});

Deno.test(
  { name: "wrong bytes under a digest are refused, and the tag that leads to them is not imported", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "wrong" });
    tag(layout, { "library/app:1": image });
    const path = layout.pathOf(image.platforms[0]!.layers.at(-1)!.digest);
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    Deno.writeFileSync(path, bytes);
    const { lines } = await site.import(layout.path);
    assert.equal(lines.filter((line) => line.startsWith("failed")).length, 1, lines.join("\n"));
    assert.equal(lines.at(-1), "left_out docker.io/library/app:1: not all of it could be imported");
    await using vault = await site.serve();
    assert.notEqual((await vault.ask("/v2/library/app/manifests/1")).status, 200);
  },
);

Deno.test(
  { name: "an image that no backend serves is left out, with the lines of configuration that would", ignore },
  async () => {
    await using dir = await createTempDir();
    const layout = new OciLayout(dir.join("layout"));
    tag(layout, { "ghcr.io/org/app:1": await createImage(layout, { message: "elsewhere" }) });
    for (const backends of [[hub], [{ type: "pypi", name: "pypi", config: {} }]]) {
      await using site = await createForeignSite(backends);
      const [line = "", ...others] = (await site.import(layout.path)).lines;
      assert.match(line, /^left_out ghcr\.io\/org\/app:1: /);
      assert.match(line, /- type: oci\n {4}name: ghcr\.io\n {4}config: \{registry_url: "https:\/\/ghcr\.io"\}$/);
      assert.deepEqual(others, []);
    }
  },
);

Deno.test(
  { name: "an image is named by the user where the layout has its tag alone, or no name at all", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "nameless" });
    tag(layout, { "3.20": image });
    assert.match(
      (await site.import(layout.path)).lines.join(),
      /^left_out 3\.20: .* --map 3\.20=docker\.io\/library\/NAME:TAG$/,
    );
    const renamed = await site.import(layout.path, { "3.20": "alpine:3.20" });
    assert.equal(renamed.lines.at(-1), "imported docker.io/library/alpine:3.20");
    Deno.writeTextFileSync(`${layout.path}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [image.root] }));
    const { digest } = image.root;
    assert.match((await site.import(layout.path)).lines.join(), new RegExp(`--map ${digest}=`));
    assert.equal(
      (await site.import(layout.path, { [digest]: "org/app" })).lines.at(-1),
      "imported docker.io/org/app:latest",
    );
  },
);

Deno.test(
  { name: "images are found in the only folder of a source, as in archives of the folder itself", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("outer/layout"));
    const image = await createImage(layout, { message: "within", architectures: ["amd64"] });
    tag(layout, { "library/app:1": image });
    assert.equal((await site.import(dir.join("outer"))).lines.at(-1), "imported docker.io/library/app:1");
    await runToSuccess(["tar", "-czf", dir.join("layout.tgz"), "-C", dir.path, "outer"]);
    const again = await site.import(dir.join("layout.tgz"));
    assert.equal(again.description, "an OCI image layout");
    assert.deepEqual(again.lines.filter((line) => !/^(?:imported|cached) /.test(line)), []);
    const { digest } = image.root;
    const [algorithm, hex] = digest.split(":") as [string, string];
    const storage = dir.join("store/var/lib/registry/docker/registry/v2");
    for (
      const child of [
        digest,
        ...image.platforms.flatMap((one) => [one.manifest, one.config, ...one.layers]).map((one) => one.digest),
      ]
    ) {
      const name = child.slice("sha256:".length);
      Deno.mkdirSync(`${storage}/blobs/sha256/${name.slice(0, 2)}/${name}`, { recursive: true });
      Deno.copyFileSync(layout.pathOf(child), `${storage}/blobs/sha256/${name.slice(0, 2)}/${name}/data`);
    }
    const link = `${storage}/repositories/team/app/_manifests/tags/1/current`;
    Deno.mkdirSync(link, { recursive: true });
    Deno.writeTextFileSync(`${link}/link`, `${algorithm}:${hex}`);
    await runToSuccess(["tar", "-cf", dir.join("store.tar"), "-C", dir.join("store"), "var"]);
    const stored = await site.import(dir.join("store.tar"));
    assert.equal(stored.description, "the storage of a docker registry");
    assert.equal(stored.lines.at(-1), "imported docker.io/team/app:1");
  },
);

Deno.test(
  { name: "the names of images may be mapped that are in the source, or begin one of it", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("layout"));
    tag(layout, { "team/app:1": await createImage(layout, { message: "named", architectures: ["amd64"] }) });
    for (const name of ["team", "team/app", "team/app:1", "docker.io", "docker.io/team", "docker.io/team/app:1"]) {
      const to = name.includes(":") ? "own/app:1" : "own";
      assert.equal(
        (await site.import(layout.path, { [name]: to })).lines.filter((line) => line.startsWith("failed")).length,
        0,
      );
    }
    await assert.rejects(site.import(layout.path, { team: "own", tea: "other" }), {
      code: "config_invalid",
      message:
        `Cannot import "${layout.path}" with --map tea=other, which changes nothing: the names in it are team/app:1, ` +
        "team/app, team, docker.io/team/app:1, docker.io/team/app …",
    });
  },
);

Deno.test(
  { name: "a cached tag gives way to a newer image, and an older one does not replace it", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const images = await Promise.all([["old", "2020-01-01T00:00:00Z"], ["new", "2024-01-01T00:00:00Z"]].map(
      async ([message, created]) => {
        const layout = new OciLayout(dir.join(message!));
        const image = withCreated(
          layout,
          await createImage(layout, { message: message!, architectures: ["amd64"] }),
          created!,
        );
        tag(layout, { "library/app:1": image });
        return { layout, image };
      },
    ));
    const [old, fresh] = images as [typeof images[number], typeof images[number]];
    assert.equal((await site.import(old.layout.path)).lines.at(-1), "imported docker.io/library/app:1");
    assert.equal((await site.import(fresh.layout.path)).lines.at(-1), "imported docker.io/library/app:1");
    const again = (await site.import(old.layout.path)).lines;
    assert.match(
      again.join(),
      /^kept docker.io\/library\/app:1: the cached image was made at 2024-01-01T00:00:00Z, this one at 2020/,
    );
    await using vault = await site.serve();
    assert.equal((await pullLikeDocker(vault.origin, "library/app:1")).root, fresh.image.root.digest);
  },
);

/** The image with another time in its config. */
function withCreated(layout: OciLayout, image: Image, created: string): Image {
  const [platform] = image.platforms;
  const config = layout.addJson(platform!.config.mediaType, {
    ...layout.readJson(platform!.config) as object,
    created,
  });
  const manifest = { ...layout.readJson(image.root) as object, config };
  return { ...image, root: layout.addJson(image.root.mediaType, manifest) };
}
