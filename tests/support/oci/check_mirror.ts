import assert from "node:assert/strict";
import type { CountingProxy } from "../counting_proxy.ts";
import type { MirrorScene } from "./mirror_scene.ts";
import { type Image, type ImageOptions, platformOf } from "./image.ts";
import type { CommandResult } from "../run_command.ts";

/** A container client that has the vaults of a scene as its mirror of Docker Hub. */
export interface MirrorClient {
  pull(image: string): Promise<CommandResult>;
  /** What the tag of an image that was pulled pointed to. */
  digestOf(image: string): Promise<string | null>;
  removeImages(): Promise<void>;
}

export interface MirrorCheck {
  /** An image with a large layer, besides the small one of two platforms. */
  readonly large: ImageOptions;
  /** Whether the client fetches an image for all platforms instead of this machine's. */
  readonly allPlatforms?: boolean;
  /** More keys of the vault's backend. */
  readonly keys?: Readonly<Record<string, unknown>>;
}

const [app, big] = ["docker.io/library/app:1", "docker.io/library/big:1"];

/**
 * Checks what a mirror is for: a pull fetches everything once and the next one nothing, upstream need not be there, and
 * a tag that has moved brings its new image when `tag_ttl` is over. The client has that one, of `message: "new"`, in
 * the end.
 */
export async function checkMirror(mirror: MirrorScene, client: MirrorClient, check: MirrorCheck): Promise<void> {
  const { scene, scene: { upstream } } = mirror;
  const startVault = (tag_ttl: string) => mirror.startVault([scene.hub({ ...check.keys, tag_ttl })]);
  const old = await scene.publish({ message: "old" }, "library/app:1");
  const large = await scene.publish(check.large, "library/big:1");
  let moved: Image;
  {
    await using _vault = await startVault("1h");
    await pull(client, app, old);
    await pull(client, big, large);
    // Some clients ask for a tag's manifest by the tag, others by the digest that HEAD has told.
    const tagged = { "library/app/manifests/1": old.root.digest, "library/big/manifests/1": large.root.digest };
    const wanted = [old, large].flatMap((image) => contentsOf(image, check.allPlatforms));
    assert.deepEqual(fetched(upstream, tagged), [...new Set(wanted)].sort(), "each content is fetched once");

    upstream.forget();
    await client.removeImages();
    await pull(client, big, large);
    await pull(client, app, old);
    assert.deepEqual(withoutConfirmations(upstream), [], "fresh tags and content that is held need no upstream");

    moved = await scene.publish({ message: "new" }, "library/app:1");
    await upstream.refuse();
    await client.removeImages();
    await pull(client, app, old);
    await pull(client, big, large);
    upstream.accept();
  }
  await using _vault = await startVault("0s");
  upstream.forget();
  await client.removeImages();
  await pull(client, big, large);
  assert.deepEqual(upstream.lines, ["HEAD /v2/library/big/manifests/1"]);
  await pull(client, app, moved);
}

/**
 * What upstream was asked, but for one HEAD a layer: the client had not asked for it by this image's name before, since
 * it had it from the other.
 */
export function withoutConfirmations({ lines }: CountingProxy): string[] {
  assert.equal(new Set(lines).size, lines.length, "nothing is asked twice");
  return lines.filter((line) => !/^HEAD \/v2\/library\/\w+\/blobs\/sha256:/.test(line));
}

/** Throws with what the client says. */
async function pull(client: MirrorClient, name: string, image: Image): Promise<void> {
  const { code, stdout, stderr } = await client.pull(name);
  assert.equal(code, 0, stdout + stderr);
  assert.equal(await client.digestOf(name), image.root.digest);
}

/** The digests of what upstream was asked to send, sorted. */
function fetched(upstream: CountingProxy, tagged: Readonly<Record<string, string>>): string[] {
  const paths = upstream.requests.filter(({ method }) => method === "GET").map(({ path }) => path.replace("/v2/", ""));
  return paths.map((path) => tagged[path] ?? path.slice(path.lastIndexOf("/") + 1)).sort();
}

/** The digests of all that a client needs for an image. */
function contentsOf(image: Image, allPlatforms = false): string[] {
  const platforms = allPlatforms ? image.platforms : [platformOf(image)];
  const all = platforms.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  return [image.root, ...all].map(({ digest }) => digest);
}
