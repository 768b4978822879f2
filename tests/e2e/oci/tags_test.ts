import assert from "node:assert/strict";
import { startLayoutRegistry } from "../../support/oci/layout_registry.ts";
import { createImage } from "../../support/oci/image.ts";
import { createOciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0;

Deno.test({ name: "a list of tags in pages can be followed in every form of a name", ignore }, async (t) => {
  await using scene = await createOciScene();
  const { root } = await createImage(scene.layout, { message: "one" });
  const tags = Object.fromEntries(["a", "b", "c", "d", "e"].map((tag) => [`team/app:${tag}`, root]));
  await using registry = startLayoutRegistry(scene.layout, { tags });
  await using vault = await scene.startVault([scene.hub({ registry_url: registry.url })]);
  const forms = [
    "/v2/team/app/tags/list?n=2",
    "/v2/hub/team/app/tags/list?n=2",
    "/v2/docker.io/team/app/tags/list?n=2",
    "/v2/team/app/tags/list?n=2&ns=docker.io",
    "/hub/v2/team/app/tags/list?n=2",
    "/hub/team/app/tags/list?n=2",
  ];
  for (const form of forms) {
    await t.step(form, async () => {
      const first = new URL(vault.url(form));
      const pages: string[][] = [];
      for (let url: URL | null = first; url !== null; url = nextPage(url, await read(url, pages))) {
        assert.deepEqual([url.pathname, url.searchParams.get("ns")], [first.pathname, first.searchParams.get("ns")]);
      }
      assert.deepEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
    });
  }
  assert.deepEqual(registry.requests.map(({ search }) => search), ["?n=2", "?n=2&last=b", "?n=2&last=d"]);
});

/** Adds a page's tags to `pages` and gives its `Link`. */
async function read(url: URL, pages: string[][]): Promise<string | null> {
  const response = await fetch(url);
  const { name, tags } = await response.json() as { name: string; tags: string[] };
  assert.equal(name, "team/app");
  pages.push(tags);
  return response.headers.get("link");
}

function nextPage(url: URL, link: string | null): URL | null {
  if (link === null) return null;
  const [, target = ""] = /^<(.+)>; rel="next"$/.exec(link) ?? [];
  return new URL(target, url);
}
