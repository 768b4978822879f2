import { freePort } from "../support/free_port.ts";
import type { Nginx } from "../support/nginx.ts";
import { installNpmPackage } from "../support/npm/npm_client.ts";
import { privateEnvironment } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { isUp, type Side, sideOf, startLogged } from "./sides.ts";

/** With a version of its dependency that is to be found everywhere. */
const version = { from: "verdaccio@6.8.0", overrides: { "node-fetch": "2.6.7" } };

/** What starts Verdaccio in front of a registry; nothing where it cannot be installed. */
export async function verdaccioOver(upstream: Nginx): Promise<(() => Promise<Side>)[]> {
  const program = await installNpmPackage(version.from, "verdaccio/bin/verdaccio", version.overrides);
  return program === null ? [] : [() => startVerdaccio(program, upstream)];
}

async function startVerdaccio(program: string, upstream: Nginx): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const config = {
    storage: dir.join("storage"),
    uplinks: { upstream: { url: `${upstream.url}/`, maxage: "1h" } },
    packages: { "**": { access: "$all", proxy: "upstream" } },
    log: { type: "file", path: dir.join("access"), level: "http" },
  };
  await Deno.writeTextFile(dir.join("config.yaml"), JSON.stringify(config));
  const url = `http://127.0.0.1:${freePort()}`;
  const command = ["node", program, "--config", dir.join("config.yaml"), "--listen", url.slice("http://".length)];
  const process = startLogged(command, dir.join("log"), privateEnvironment({ HOME: dir.path }));
  await waitUntil("Verdaccio answers", () => isUp(process, `${url}/-/ping`, dir.join("log")), 60_000);
  return sideOf({ name: "verdaccio", url, process, dir });
}
