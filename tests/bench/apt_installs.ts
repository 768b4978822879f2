import { AptGet } from "../support/apt/get.ts";
import { AptRepository } from "../support/apt/repository.ts";
import { aptPrograms } from "../support/apt/scene.ts";
import { freeLowPort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { privateEnvironment } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { installCases, type InstallScene } from "./installs.ts";
import { isUp, type Side, sideOf, startBackend, startLogged, startSides, straightTo } from "./sides.ts";

/** The random content of each package: 10 kB to 2 MB, most of them small. */
const payloadBytes = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => [`package-${index}`, Math.round(10_000 * 200 ** (index / 49))]),
);
const names = Object.keys(payloadBytes);
const packages = Object.fromEntries(names.map((name) => [name, "1.0"]));

/** What else is on the list of packages: together as many as in a suite of updates. */
const unwanted = 10_000;

/** `apt-get update` and the download of 50 packages. */
export const aptInstalls = installCases({
  client: "apt",
  programs: [...aptPrograms, "apt-cacher-ng"],
  createScene,
});

/** Each set is a repository of its own. */
async function createScene(sets: number): Promise<InstallScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-bench-"));
  const repositories: AptRepository[] = [];
  for (let set = 0; set < sets; set++) {
    const repository = stack.use(await AptRepository.create(stack.use(await createTempDir("vault-bench-"))));
    await repository.publish({ packages, payloadBytes, unwanted, acquireByHash: true });
    repositories.push(repository);
  }
  const locations = repositories.map(({ root }, set) => `location /${set}/ { alias ${root}/; }`);
  const upstream = stack.use(
    await startNginx({ root: dir.path, port: freeLowPort(), server: locations.join("\n") }),
  );
  const sides = stack.use(
    await startSides(
      () => startBackend({ type: "apt", name: "debian", config: { mirror_url: upstream.url } }),
      () => startAptCacher(upstream),
      () => straightTo(upstream),
    ),
  );
  const resources = stack.move();
  let clients = 0;
  return {
    ...{ upstream, sides },
    async createClient(side, set) {
      const sources = repositories[set]!.source(side.url(`/${set}`));
      const apt = await AptGet.create(dir, `client-${++clients}`, { sources });
      return async () => {
        await apt.update();
        await apt.download(...names);
      };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * apt-cacher-ng as Debian configures it; its clients have the mirror's host in their URLs. Version 3.7 gets ports above
 * 32767 wrong, its own and the mirror's.
 */
async function startAptCacher(upstream: Nginx): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const port = freeLowPort();
  const settings = {
    ...{ ForeGround: 1, BindAddress: "127.0.0.1", Port: port },
    // Which ports it may ask upstream at: any.
    AllowUserPorts: 0,
    ...{ CacheDir: dir.join("cache"), LogDir: dir.join("log") },
  };
  for (const folder of ["conf", "cache", "log"]) await Deno.mkdir(dir.join(folder));
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  await Deno.writeTextFile(dir.join("conf", "acng.conf"), lines.join(""));
  const command = ["apt-cacher-ng", "-c", dir.join("conf")];
  const process = startLogged(command, dir.join("output"), privateEnvironment());
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("apt-cacher-ng answers", () => isUp(process, url, dir.join("output")));
  return sideOf({ name: "apt-cacher-ng", url: `${url}/127.0.0.1:${upstream.port}`, process, dir });
}
