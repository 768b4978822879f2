import { type CountingProxy, startCountingProxy } from "../counting_proxy.ts";
import { createImage, type Image, type ImageOptions } from "./image.ts";
import { OciLayout } from "./layout.ts";
import { pushImage } from "./push_image.ts";
import { type Registry, type RegistryOptions, startRegistry } from "./registry.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import { VaultProcess } from "../vault_process.ts";

/** One of the backends of a vault's configuration, as YAML reads it. */
export interface BackendEntry {
  readonly type: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A real registry behind a proxy that counts, and vaults in front of it. */
export interface OciScene extends AsyncDisposable {
  readonly dir: TempDir;
  readonly layout: OciLayout;
  /** Where all vaults of the scene keep what they have. */
  readonly cacheDir: string;
  /** What images are pushed to; open to everybody. */
  readonly registry: Registry;
  /** What the vault knows as its registry. */
  readonly upstream: CountingProxy;
  /** Makes an image, gives it these tags (`library/app:1`), and forgets what was asked of the upstream. */
  publish(options: ImageOptions, ...tags: readonly string[]): Promise<Image>;
  /** Starts a vault; one `dockerhub` backend named `hub` for the upstream, unless said otherwise. All share a cache. */
  startVault(
    backends?: readonly BackendEntry[],
    args?: readonly string[],
    env?: Record<string, string>,
  ): Promise<VaultProcess>;
  /** The configuration of that one backend, with more keys. */
  hub(more?: Readonly<Record<string, unknown>>): BackendEntry;
}

/**
 * Sets up a registry and a counting proxy; everything is gone when the scene is disposed of, but vaults are the
 * caller's. With `auth`, the proxy leads to another registry, with the same images, that lets in whom it knows.
 */
export async function createOciScene(options: RegistryOptions = {}): Promise<OciScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-oci-"));
  const layout = new OciLayout(dir.join("layout"));
  const cacheDir = dir.join("cache");
  const { auth, ...open } = options;
  const registry = stack.use(await startRegistry(open));
  const closed = auth && stack.use(await startRegistry({ ...options, storage: registry.storage }));
  const upstream = stack.use(startCountingProxy((closed ?? registry).url));
  const hub = (more: Readonly<Record<string, unknown>> = {}): BackendEntry => ({
    type: "dockerhub",
    name: "hub",
    config: { registry_url: upstream.url, retries: 0, ...more },
  });
  const resources = stack.move();
  return {
    ...{ dir, layout, cacheDir, registry, upstream, hub },
    async publish(options, ...tags) {
      const image = await createImage(layout, options);
      for (const tag of tags) {
        const colon = tag.lastIndexOf(":");
        await pushImage(image, tag.slice(colon + 1), { registry: registry.url, name: tag.slice(0, colon) });
      }
      upstream.forget();
      return image;
    },
    async startVault(backends = [hub()], args = [], env = {}) {
      const path = dir.join("config.yml");
      const config = { cache_dir: cacheDir, cache_min_free: 0, shutdown_timeout: "1s", backends };
      await Deno.writeTextFile(path, JSON.stringify(config));
      return await VaultProcess.start({ args: ["--config", path, ...args], env });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
