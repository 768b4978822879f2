import assert from "node:assert/strict";
import { createForeignSite } from "../../support/foreign_import.ts";
import { createImage, type Image } from "../../support/oci/image.ts";
import { OciLayout } from "../../support/oci/layout.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { missingPrograms } from "../../support/programs.ts";
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
    assert.equal(imported?.description, "an OCI image layout");
    assert.deepEqual(imported.lines.filter((line) => !line.startsWith("imported")), []);
    await using vault = await site.serve();
    assert.equal((await pullLikeDocker(vault.origin, "library/app:1")).root, image.root.digest);
    assert.equal((await pullLikeDocker(vault.origin, "quay.io/org/app:2")).root, image.root.digest);
  },
);
