import type { Descriptor, OciLayout } from "./layout.ts";
import { blobsOf, type Image } from "./image.ts";

/** Where an image goes. */
export interface PushTarget {
  /** Origin of a registry. */
  readonly registry: string;
  /** Repository, such as `library/app`. */
  readonly name: string;
  /** As `Authorization` wants it. */
  readonly authorization?: string;
}

/** Pushes an image byte for byte as it is, all platforms; blobs that the repository has already are left out. */
export async function pushImage(image: Image, tag: string, target: PushTarget): Promise<void> {
  for (const blob of blobsOf(image)) await pushBlob(image.layout, blob, target);
  for (const { manifest } of image.platforms) await pushManifest(image.layout, manifest, target, manifest.digest);
  await pushManifest(image.layout, image.root, target, tag);
}

/** Pushes one blob, in one piece (OCI distribution spec, "Pushing a blob monolithically"). */
export async function pushBlob(layout: OciLayout, blob: Descriptor, target: PushTarget): Promise<void> {
  const base = `${target.registry}/v2/${target.name}/blobs`;
  if ((await ask(`${base}/${blob.digest}`, target, { method: "HEAD" })).ok) return;
  const begun = await expectOk(await ask(`${base}/uploads/`, target, { method: "POST" }), `begin an upload to ${base}`);
  const upload = new URL(begun.headers.get("location") ?? "", base);
  upload.searchParams.set("digest", blob.digest);
  const file = await Deno.open(layout.pathOf(blob.digest));
  const headers = { "content-type": "application/octet-stream", "content-length": `${blob.size}` };
  await expectOk(await ask(upload, target, { method: "PUT", headers, body: file.readable }), `push ${blob.digest}`);
}

/** Pushes one manifest or index; `reference` is a tag or its digest. */
export async function pushManifest(
  layout: OciLayout,
  manifest: Descriptor,
  target: PushTarget,
  reference: string,
): Promise<void> {
  const url = `${target.registry}/v2/${target.name}/manifests/${reference}`;
  const body = Deno.readFileSync(layout.pathOf(manifest.digest));
  const headers = { "content-type": manifest.mediaType };
  await expectOk(await ask(url, target, { method: "PUT", headers, body }), `push ${url}`);
}

async function ask(
  url: string | URL,
  { authorization }: PushTarget,
  init: RequestInit & { headers?: Record<string, string> },
): Promise<Response> {
  const response = await fetch(url, { ...init, headers: { ...init.headers, ...authorization && { authorization } } });
  if (response.ok) await response.body?.cancel();
  return response;
}

async function expectOk(response: Response, what: string): Promise<Response> {
  if (!response.ok) throw new Error(`Cannot ${what}: ${response.status} ${await response.text()}`);
  return response;
}
