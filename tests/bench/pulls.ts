import { createImage, createLargeLayer, hostArchitecture, type Image, platformOf } from "../support/oci/image.ts";
import { OciLayout } from "../support/oci/layout.ts";
import { pullLikeDocker } from "../support/oci/pull_like_docker.ts";
import { pushImage } from "../support/oci/push_image.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { type Case, measureInTurns, memoryFigure, settleDisk } from "./bench.ts";
import { cpuSeconds } from "./cpu.ts";
import { measurePullRate, type Pull, timePulls } from "./generators.ts";
import { startRegistrySides, startUpstreamRegistry, type UpstreamRegistry } from "./registry_sides.ts";
import type { Side } from "./sides.ts";

/** A registry with images to pull. */
interface Scene extends AsyncDisposable {
  readonly upstream: UpstreamRegistry;
  /** Makes an image with layers of these sizes above busybox, and tags it `library/app:<tag>`. */
  publish(tag: string, layerBytes: readonly number[], architectures?: readonly string[]): Promise<Image>;
}

const repository = "library/app";
const programs = ["docker-registry", "busybox"];

/** With busybox below and a small one on top there are six: 10 kB to 2.5 MB. */
const typicalLayers = [300_000, 600_000, 1_200_000, 2_500_000];
const clients = 20;

/** An image that is in the cache, by its tag: docker-registry asks upstream about that at every pull. */
export const pullCached = cachedCase("pull-cached", "tag");

/** The same by its digest: nobody asks upstream. */
export const pullByDigest = cachedCase("pull-digest", "digest");

/** Twenty clients at the same time pull an image with a big layer that nobody has pulled before. */
export const pullCold: Case = {
  name: "pull-cold-20",
  programs,
  async run({ settings }) {
    await using scene = await createScene();
    await scene.publish("warm", []);
    const colds: Pull[] = [];
    for (let turn = 0; turn < settings.repeats; turn++) {
      const image = await scene.publish(`cold-${turn}`, [settings.crowdBytes], [hostArchitecture]);
      colds.push(pullOf(image, `cold-${turn}`));
    }
    await using sides = await startRegistrySides(scene.upstream.url);
    const measured = await measureInTurns(sides, settings.repeats, {
      async measure(side, turn) {
        await settleDisk();
        const before = await scene.upstream.traffic();
        const seconds = await timePulls(side.url(""), colds[turn]!, clients);
        const after = await scene.upstream.traffic();
        return { seconds, bytes: (after.bytes - before.bytes) / 1e6, requests: after.requests - before.requests };
      },
      prepare: (side) => pullLikeDocker(side.url(""), `${repository}:warm`),
    });
    const fifth = [{ kind: "ratio", atMost: 0.2 }] as const;
    return [
      { name: "pull-cold-20, all done", unit: "s", ...measured.values("seconds") },
      { name: "pull-cold-20, upstream traffic", unit: "MB", ...measured.values("bytes"), wanted: fifth },
      { name: "pull-cold-20, upstream requests", unit: "", ...measured.values("requests") },
      memoryFigure("pull-cold-20", measured.memory),
    ];
  },
};

/** Pulls from the cache, as fast as wrk can ask. */
function cachedCase(name: string, reference: "tag" | "digest"): Case {
  return {
    name,
    programs,
    async run({ settings }) {
      await using scene = await createScene();
      const image = await scene.publish("1", typicalLayers);
      const pull = pullOf(image, reference === "tag" ? "1" : image.root.digest);
      await using sides = await startRegistrySides(scene.upstream.url);
      const measured = await measureInTurns(sides, settings.repeats, {
        async measure(side) {
          const before = cpuSeconds(side.pids());
          const { pulls, seconds } = await measurePullRate(side.url(""), pull, settings.loadSeconds);
          return { rate: pulls / seconds, cpu: (cpuSeconds(side.pids()) - before) / pulls * 1000 };
        },
        async prepare(side) {
          await waitUntil("the image is in the cache", () => pullsFromCache(side, scene.upstream, `${repository}:1`));
          await measurePullRate(side.url(""), pull, 1);
        },
      });
      return [
        { name, unit: "pulls/s", ...measured.values("rate"), wanted: [{ kind: "ratio", atLeast: 3 }] },
        { name: `${name}, CPU of one pull`, unit: "ms", ...measured.values("cpu") },
        { ...memoryFigure(name, measured.memory), wanted: [{ kind: "ratio", atMost: 2 }] },
      ];
    },
  };
}

/**
 * Pulls, and tells whether that has needed no blob of upstream's. Where docker-registry has passed an image on, it is
 * still storing it: for a moment it fetches the blobs again, and may answer 500.
 */
async function pullsFromCache(side: Side, upstream: UpstreamRegistry, image: string): Promise<boolean> {
  const before = await upstream.traffic();
  const pulled = await pullLikeDocker(side.url(""), image).then(() => true, () => false);
  const after = await upstream.traffic();
  return pulled && after.blobRequests === before.blobRequests;
}

async function createScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-bench-"));
  const upstream = stack.use(await startUpstreamRegistry());
  const layout = new OciLayout(dir.path);
  let seed = 0;
  const resources = stack.move();
  return {
    upstream,
    async publish(tag, layerBytes, architectures = ["amd64", "arm64"]) {
      const layers = await Promise.all(layerBytes.map((bytes) => createLargeLayer(layout, bytes, ++seed)));
      const image = await createImage(layout, { message: tag, layers, architectures });
      await pushImage(image, tag, { registry: upstream.url, name: repository });
      return image;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** What a client on this machine fetches; `reference` is a tag of the image, or its digest. */
function pullOf(image: Image, reference: string): Pull {
  const { root } = image;
  const { manifest, config, layers } = platformOf(image);
  const manifests = manifest === root ? [root] : [root, manifest];
  const blobs = [config, ...layers];
  const paths = [reference, ...manifests.slice(1).map(({ digest }) => digest)].map((one) => `manifests/${one}`)
    .concat(blobs.map(({ digest }) => `blobs/${digest}`));
  return {
    paths: paths.map((path) => `/v2/${repository}/${path}`),
    accept: manifests.map(({ mediaType }) => mediaType).join(", "),
    sizeBytes: [...manifests, ...blobs].reduce((sum, { size }) => sum + size, 0),
  };
}
