import { createHash } from "node:crypto";
import { type FakeUpstream, startFakeUpstream } from "../fake_upstream.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A registry in this process with the images of one repository. */
export class FakeRepository {
  readonly registry: FakeUpstream = startFakeUpstream();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  blob(text: string): string {
    const path = `/v2/${this.#name}/blobs/${digestOf(text)}`;
    this.registry.serve(path, { body: text, headers: { "content-type": "application/octet-stream" } });
    return path;
  }

  /** Publishes a manifest under its digest, and a tag where one is named; returns the paths. */
  document(mediaType: string, fields: Record<string, unknown>, tag?: string): { path: string; digest: string } {
    const body = JSON.stringify({ schemaVersion: 2, mediaType, ...fields });
    const digest = digestOf(body);
    const answer = { body, headers: { "content-type": mediaType, "docker-content-digest": digest } };
    for (const reference of [digest, tag]) {
      if (reference !== undefined) this.registry.serve(`/v2/${this.#name}/manifests/${reference}`, answer);
    }
    return { path: `/v2/${this.#name}/manifests/${tag ?? digest}`, digest };
  }

  /** An image of one platform; returns all its paths, the manifest first. */
  image(seed: string, tag?: string): { paths: string[]; digest: string } {
    const blobs = [`config ${seed}`, `layer ${seed}`];
    const [config, layer] = blobs.map((text) => ({ digest: digestOf(text), size: text.length }));
    const { path, digest } = this.document(manifestType, { config, layers: [layer] }, tag);
    return { paths: [path, ...blobs.map((text) => this.blob(text))], digest };
  }

  index(images: readonly { readonly digest: string }[], tag: string): string {
    const manifests = images.map(({ digest }, at) => (
      { mediaType: manifestType, digest, size: 1, platform: { os: "linux", architecture: `a${at}` } }
    ));
    return this.document(indexType, { manifests }, tag).path;
  }
}
