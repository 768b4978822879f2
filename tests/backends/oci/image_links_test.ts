import assert from "node:assert/strict";
import { collectParts } from "../../../src/backends/oci/shelf/image_links.ts";
import type { Content, ImageSource } from "../../../src/backends/oci/shelf/image_source.ts";
import { sha256Of } from "../../support/store_fixture.ts";

/** Content by digest, of which it is known how often it was looked for. */
class CountingSource implements ImageSource {
  readonly description = "a source";
  finds = 0;
  readonly #contents = new Map<string, Content>();

  put(value: unknown): string {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const digest = `sha256:${sha256Of(bytes)}`;
    this.#contents.set(digest, bytes);
    return digest;
  }

  async *images() {}

  find(digest: string): Promise<Content | null> {
    this.finds++;
    return Promise.resolve(this.#contents.get(digest) ?? null);
  }
}

const absent = `sha256:${"0".repeat(64)}`;

for (const [what, has] of [["whole", true], ["that is not whole", false]] as const) {
  Deno.test(`indexes that list each other a thousand times are followed once, to an image ${what}`, async () => {
    const source = new CountingSource();
    const layer = has ? source.put("layer") : absent;
    const config = source.put({});
    const manifest = source.put({ config: { digest: config }, layers: [{ digest: layer }] });
    const index = (digest: string) => source.put({ manifests: Array(1000).fill({ digest }) });
    const top = index(index(index(manifest)));
    const { parts } = await collectParts(source, top);
    assert.equal(parts?.length ?? null, has ? 6 : null);
    assert.ok(source.finds <= 6, `looked ${source.finds} times`);
  });
}
