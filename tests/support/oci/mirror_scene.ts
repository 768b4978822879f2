import { freePort } from "../free_port.ts";
import { createNetns, type Netns } from "../netns.ts";
import { type BackendEntry, createOciScene, type OciScene } from "./scene.ts";
import type { VaultProcess } from "../vault_process.ts";

/** A scene, and a namespace for container clients in which its vaults are all at one address. */
export interface MirrorScene extends AsyncDisposable {
  readonly scene: OciScene;
  readonly netns: Netns;
  /** `127.0.0.1:port`, as the clients write it in their configuration. */
  readonly address: string;
  /** As `OciScene.startVault`, at that address: one after the other. */
  startVault(backends?: readonly BackendEntry[]): Promise<VaultProcess>;
}

/**
 * Sets up the scene and the namespace; everything is gone when it is disposed of, but vaults are the caller's. Needs
 * root.
 */
export async function createMirrorScene(): Promise<MirrorScene> {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await createOciScene());
  const netns = stack.use(await createNetns());
  const port = String(freePort());
  const address = `127.0.0.1:${port}`;
  await netns.expose(`http://${address}`);
  const resources = stack.move();
  return {
    ...{ scene, netns, address },
    startVault: (backends) => scene.startVault(backends, ["--port", port]),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
