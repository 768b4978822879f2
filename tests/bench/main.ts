import { dirname } from "node:path";
import { missingPrograms } from "../support/programs.ts";
import { startNginx } from "../support/nginx.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { vaultCommand } from "../support/vault_process.ts";
import { aptInstalls } from "./apt_installs.ts";
import type { Bench, Case } from "./bench.ts";
import { bundles } from "./bundles.ts";
import { growth, idle, start } from "./endurance.ts";
import { type Figure, formatTable, isMet, median, ratioOf } from "./figures.ts";
import { hitBig, hitRates } from "./hits.ts";
import { coldCrowd, missBig, missSmall, slowCrowd } from "./misses.ts";
import { hubDownloads } from "./hub_downloads.ts";
import { inventory } from "./inventory.ts";
import { npmApplicationInstalls } from "./npm_application.ts";
import { npmDocuments } from "./npm_documents.ts";
import { pages } from "./pages.ts";
import { npmInstalls } from "./npm_installs.ts";
import { npmWaits } from "./npm_waits.ts";
import { pipInstalls } from "./pip_installs.ts";
import { pullByDigest, pullCached, pullCold } from "./pulls.ts";
import { readSettings } from "./settings.ts";

const cases: readonly Case[] = [
  ...[...hitRates, hitBig, missBig, missSmall, coldCrowd, slowCrowd],
  ...[pullCached, pullByDigest, pullCold],
  ...[...pipInstalls, ...aptInstalls, ...npmInstalls, ...npmApplicationInstalls, ...hubDownloads],
  ...[...npmDocuments, npmWaits],
  ...[idle, start, growth, bundles, inventory, pages],
];

const explanation = `
vault: ${vaultCommand().join(" ")}
nginx: proxy_cache, one worker, proxy_cache_lock on, proxy_max_temp_file_size 0, connections to the upstream kept open.
docker-registry: a pull-through cache (proxy.remoteurl), descriptors of blobs in memory, as Debian configures it.
All write one access line per request to a file, unbuffered. The upstream is another nginx with sendfile, or another
docker-registry. docker-registry asks its upstream about a tag at every pull, the vault when tag_ttl (5 min) is over; in
the cases by digest neither asks.
apt-cacher-ng: as Debian configures it, with the mirror's host in the clients' URLs.
verdaccio: as it comes, with one uplink whose documents are fresh for an hour, as they are for the vault.
tar: GNU tar, of and into the same cache directory as the bundle. It compares and flushes nothing.
The Hub is a stand-in in Deno; its warm downloads are compared with those from the stand-in itself.
straight: apt-get, pip and npm at the upstream nginx itself. What they take there is their own share of all their times; CPU
and memory are that nginx's. Before each turn of apt-get and pip, their own caches are empty.
Medians of turns taken one after the other; the load generators (wrk, curl) share the machine.
`;

async function main(): Promise<void> {
  if (missingPrograms("nginx", "wrk", "curl").length > 0) Deno.exit(2);
  const settings = readSettings();
  await using dir = await createTempDir("vault-bench-");
  await using upstream = await startNginx({ root: dir.path });
  const bench: Bench = { upstream, root: dir.path, settings };
  const figures: Figure[] = [];
  console.log(explanation);
  try {
    for (const one of cases.filter(({ name }) => isSelected(name, settings.only))) {
      if (missingPrograms(...one.programs ?? []).length > 0) continue;
      console.log(`… ${one.name}`);
      const found = await one.run(bench);
      figures.push(...found);
      console.log(formatTable(found));
    }
  } finally {
    console.log(`\n${formatTable(figures)}`);
    await writeResult(settings.resultPath, figures);
  }
}

function isSelected(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((beginning) => name.startsWith(beginning));
}

async function writeResult(path: string, figures: readonly Figure[]): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const result = figures.map((figure) => ({
    ...figure,
    vaultMedian: median(figure.vault),
    peers: figure.peers.map((peer) => ({ ...peer, median: median(peer.values), ratio: ratioOf(figure, peer) })),
    met: figure.wanted?.every((wanted) => isMet(figure, wanted)) ?? null,
  }));
  await Deno.writeTextFile(path, JSON.stringify({ at: new Date().toISOString(), figures: result }, null, 2) + "\n");
  console.log(`\nAlso in ${path}`);
}

await main();
