import { createHash } from "node:crypto";
import { askOci } from "./ask_oci.ts";
import { hostArchitecture } from "./image.ts";
import type { Descriptor } from "./layout.ts";

/** What a pull brought, all of it checked. */
export interface Pulled {
  /** What the tag pointed to. */
  readonly root: string;
  /** Digests of the platform's manifest, of its config and of its layers, in this order. */
  readonly contents: readonly string[];
}

const accept = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
].join(", ");

interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * Pulls `library/app:1` from the registry or mirror with this URL, and keeps nothing: asks for what dockerd asks for,
 * in that order, config and layers at once. Throws with status and body of what was refused, and for wrong or missing
 * bytes.
 */
export async function pullLikeDocker(url: string, image: string): Promise<Pulled> {
  const [name = "", tag = ""] = image.split(":");
  const base = `${url}/v2/${name}`;
  await readBytes(`${url}/v2/`);
  const root = await resolveTag(`${base}/manifests/${tag}`);
  const found = await readManifest(base, root);
  const platform = found.manifests?.find(({ platform }) => platform?.architecture === hostArchitecture);
  const { config, layers } = platform === undefined ? found : await readManifest(base, platform.digest);
  const blobs = [config, ...layers];
  const reads = await Promise.allSettled(blobs.map(({ digest, size }) => readBlob(base, digest, size)));
  for (const read of reads) if (read.status === "rejected") throw read.reason;
  return { root, contents: [platform?.digest ?? root, ...blobs.map(({ digest }) => digest)] };
}

async function resolveTag(url: string): Promise<string> {
  const { status, headers } = await askOci(url, { method: "HEAD", headers: { accept } });
  // Answers to HEAD do not say what is wrong.
  if (status !== 200) throw await refusalOf(await fetch(url, { headers: { accept } }));
  return headers.get("docker-content-digest") ?? "";
}

async function readManifest(base: string, digest: string): Promise<Manifest> {
  const bytes = await readBytes(`${base}/manifests/${digest}`);
  checkDigest(createHash(algorithmOf(digest)).update(bytes).digest("hex"), digest);
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function readBytes(url: string): Promise<Uint8Array> {
  return await (await expectOk(await fetch(url, { headers: { accept } }))).bytes();
}

async function readBlob(base: string, digest: string, sizeBytes: number): Promise<void> {
  const response = await expectOk(await fetch(`${base}/blobs/${digest}`));
  const hash = createHash(algorithmOf(digest));
  let received = 0;
  for await (const chunk of response.body ?? []) {
    hash.update(chunk);
    received += chunk.byteLength;
  }
  checkDigest(hash.digest("hex"), digest);
  if (received !== sizeBytes) throw new Error(`${digest} has ${received} bytes instead of ${sizeBytes}`);
}

function algorithmOf(digest: string): string {
  return digest.slice(0, digest.indexOf(":"));
}

function checkDigest(hex: string, digest: string): void {
  if (`${algorithmOf(digest)}:${hex}` !== digest) throw new Error(`${digest} came as ${hex}`);
}

async function expectOk(response: Response): Promise<Response> {
  if (response.status !== 200) throw await refusalOf(response);
  return response;
}

async function refusalOf(response: Response): Promise<Error> {
  return new Error(`${response.status} for ${response.url}: ${await response.text()}`);
}
