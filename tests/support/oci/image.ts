import type { Algorithm, Descriptor, Layer, OciLayout } from "./layout.ts";
import { Pattern } from "../pattern.ts";

/** What one platform gets, and so what a client on it fetches. */
export interface PlatformImage {
  readonly architecture: string;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** In order, from the root file system up. */
  readonly layers: readonly Descriptor[];
}

/** An image that lies in a layout. */
export interface Image {
  readonly layout: OciLayout;
  /** What a tag points to: an index, or the only manifest. */
  readonly root: Descriptor;
  readonly platforms: readonly PlatformImage[];
}

export interface ImageOptions {
  /** What the image prints when it is run; another one makes another image. */
  readonly message: string;
  /** Layers above busybox, for all platforms. */
  readonly layers?: readonly Layer[];
  /** Several give an index, one gives a bare manifest; amd64 and arm64 where it is left out. */
  readonly architectures?: readonly string[];
  /** `docker` gives Docker's own media types: schema 2 and manifest list. */
  readonly format?: "oci" | "docker";
  /** Of all digests but those of `layers`. */
  readonly algorithm?: Algorithm;
}

/** What images call this machine's architecture. */
export const hostArchitecture = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

const mediaTypes = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
  },
};
const dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/**
 * Makes an image that really runs on this machine: Debian's static busybox, then `layers`, then a small layer that no
 * other image and platform has. The same options give the same digests.
 */
export async function createImage(layout: OciLayout, options: ImageOptions): Promise<Image> {
  const { format = "oci", architectures = ["amd64", "arm64"], algorithm = "sha256" } = options;
  const platforms: PlatformImage[] = [];
  for (const architecture of architectures) platforms.push(await createPlatform(layout, architecture, options));
  const [only] = platforms;
  if (platforms.length === 1 && only) return { layout, root: only.manifest, platforms };
  const manifests = platforms.map(({ manifest, architecture }) => ({
    ...manifest,
    platform: { os: "linux", architecture },
  }));
  const mediaType = mediaTypes[format].index;
  return { layout, root: layout.addJson(mediaType, { schemaVersion: 2, mediaType, manifests }, algorithm), platforms };
}

/** A layer with one file that does not compress, of this size; another seed gives other bytes. */
export function createLargeLayer(layout: OciLayout, sizeBytes: number, seed = 1): Promise<Layer> {
  return layout.addLayer({ [`large-${seed}.bin`]: new Pattern(sizeBytes, seed) });
}

/** The platform's part of an image; this machine's where none is named. */
export function platformOf(image: Image, architecture: string = hostArchitecture): PlatformImage {
  const platform = image.platforms.find((platform) => platform.architecture === architecture);
  if (platform === undefined) throw new Error(`The image has nothing for ${architecture}`);
  return platform;
}

/** Configs and layers of all platforms, each once. */
export function blobsOf(image: Image): Descriptor[] {
  const all = image.platforms.flatMap(({ config, layers }) => [config, ...layers]);
  return [...new Map(all.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** A manifest that points to another one (`subject`), as signatures and attestations do. It has a single blob. */
export function createArtifact(
  layout: OciLayout,
  subject: Descriptor,
  artifact: { type: string; content: string },
): PlatformImage {
  const config = layout.addJson("application/vnd.oci.empty.v1+json", {});
  const content = layout.addBytes(artifact.type, new TextEncoder().encode(artifact.content));
  const { mediaType, digest, size } = subject;
  const manifest = layout.addJson(mediaTypes.oci.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.oci.manifest,
    artifactType: artifact.type,
    config,
    layers: [content],
    subject: { mediaType, digest, size },
  });
  return { architecture: "unknown", manifest, config, layers: [content] };
}

async function createPlatform(layout: OciLayout, architecture: string, options: ImageOptions): Promise<PlatformImage> {
  const { format = "oci", message, algorithm = "sha256" } = options;
  const marker = { "etc/message": `${message} on ${architecture}\n` };
  const root = await layout.addLayer(busyboxFiles(), { algorithm });
  const layers = [root, ...options.layers ?? [], await layout.addLayer(marker, { algorithm })];
  const config = layout.addJson(mediaTypes[format].config, {
    architecture,
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config: { Env: ["PATH=/bin"], Cmd: ["cat", "/etc/message"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: "2026-01-01T00:00:00Z", created_by: "tests" })),
  }, algorithm);
  const descriptors = layers.map(({ descriptor }) =>
    format === "docker" ? { ...descriptor, mediaType: dockerLayer } : descriptor
  );
  const mediaType = mediaTypes[format].manifest;
  const manifest = layout.addJson(mediaType, { schemaVersion: 2, mediaType, config, layers: descriptors }, algorithm);
  return { architecture, manifest, config, layers: descriptors };
}

function busyboxFiles() {
  const links = ["sh", "cat", "echo", "ls", "sha256sum"].map((name) => [`bin/${name}`, { link: "busybox" }] as const);
  return { "bin/busybox": Deno.readFileSync("/bin/busybox"), ...Object.fromEntries(links) };
}
