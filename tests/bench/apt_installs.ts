import { AptGet } from "../support/apt_get.ts";
import { AptRepository } from "../support/apt_repository.ts";
import { aptPrograms } from "../support/apt_scene.ts";
import { freeLowPort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { privateEnvironment } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import type { Case } from "./bench.ts";
import { compareInstalls } from "./installs.ts";
import { isUp, type Side, sideOf, startBackend, startLogged, straightTo } from "./sides.ts";

const packages = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`package-${index}`, "1.0"]));
/** As many packages as Debian has in some of its components. */
const unwanted = 20_000;

/** `apt-get update`, and the download of 50 packages. */
export const aptInstall: Case = {
  name: "apt",
  programs: [...aptPrograms, "apt-cacher-ng"],
  async run({ settings }) {
    await using dir = await createTempDir("vault-bench-");
    await using repository = await AptRepository.create(dir);
    await repository.publish({ packages, unwanted, acquireByHash: true });
    await using upstream = await startNginx({ root: repository.root, port: freeLowPort() });
    let clients = 0;
    return await compareInstalls({
      name: "apt",
      upstream,
      ways: [
        () => startBackend({ type: "apt", name: "debian", config: { mirror_url: upstream.url } }),
        () => Promise.resolve(straightTo(upstream)),
        () => startAptCacher(upstream),
      ],
      async createClient(url) {
        const apt = await AptGet.create(dir, `client-${++clients}`, { sources: repository.source(url) });
        return async () => {
          await apt.update();
          await apt.download(...Object.keys(packages));
        };
      },
    }, settings.repeats);
  },
};

/** apt-cacher-ng as Debian configures it; clients name the mirror in their URLs, which its makers recommend. */
async function startAptCacher(upstream: Nginx): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const port = freeLowPort();
  const settings = {
    ForeGround: 1,
    BindAddress: "127.0.0.1",
    Port: port,
    AllowUserPorts: 0,
    CacheDir: dir.join("cache"),
    LogDir: dir.join("log"),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  for (const folder of ["conf", "cache", "log"]) await Deno.mkdir(dir.join(folder));
  await Deno.writeTextFile(dir.join("conf/acng.conf"), lines.join(""));
  const output = dir.join("output");
  const process = startLogged(["apt-cacher-ng", "-c", dir.join("conf")], output, privateEnvironment());
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("apt-cacher-ng answers", () => isUp(process, url, output));
  return sideOf({ name: "apt-cacher-ng", url: `${url}/${new URL(upstream.url).host}`, process, dir });
}
