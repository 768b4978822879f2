import type { Nginx } from "../support/nginx.ts";
import { type NpmClientName, NpmProject } from "../support/npm/npm_client.ts";
import type { InstallScene } from "./installs.ts";
import { startBackend, startSides, straightTo } from "./sides.ts";
import { verdaccioOver } from "./verdaccio.ts";

export interface NpmInstallsOptions {
  readonly upstream: Nginx;
  readonly client: NpmClientName;
  /** What the application of a set names. */
  dependenciesOf(set: number): Readonly<Record<string, string>>;
}

/** The vault, Verdaccio and the registry itself, for one npm client. All that `stack` has ends with the scene. */
export async function startNpmInstalls(
  stack: AsyncDisposableStack,
  { upstream, client, dependenciesOf }: NpmInstallsOptions,
): Promise<InstallScene> {
  const sides = stack.use(
    await startSides(
      () => startBackend({ type: "npm", name: "npm", config: { registry_url: upstream.url } }),
      ...await verdaccioOver(upstream),
      () => straightTo(upstream),
    ),
  );
  const resources = stack.move();
  return {
    ...{ upstream, sides },
    async createClient(side, set) {
      const dependencies = dependenciesOf(set);
      const project = resources.use(await NpmProject.create(client, side.url("/"), { dependencies }));
      return () => project.install();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
