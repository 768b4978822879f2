import { stringify } from "yaml";
import { importBundle, type Imported, type ImportOptions } from "../../bundle/import_bundle.ts";
import type { ChainLink } from "../../bundle/index_document.ts";
import type { Config } from "../../config/schema.ts";
import { loadConfig } from "../../config/load.ts";
import { carryingOfType } from "../../configuration.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies, shownCount, shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { shownDate } from "../../observe/shown_time.ts";
import { tellServers } from "../cache/running.ts";
import { ownerWarning, prepareCacheDir } from "../cache_dir.ts";
import type { Action } from "../command.ts";
import { directoryOptions, loadOptionsOf } from "../config_options.ts";
import { stopSignal } from "../stop_signal.ts";
import type { Io } from "../io.ts";
import { openSpool, temporaryOption, trustOf, trustOption, withProgress } from "./common_options.ts";
import { backendFinder, parseMaps } from "./carried_backends.ts";
import { withBundle } from "./open_bundle.ts";
import { describeSigned } from "./describe_signed.ts";
import { importForeignPath, isForeignPath } from "./import_foreign.ts";

/** Brings a bundle into the cache. */
export const importing: Action = {
  name: "import",
  summary: "Bring a bundle, or what other tools have made, into the cache, also while a server uses it",
  examples: [
    "artifact-vault bundle import bundle.tar --config config.yml --trust vault.pub.pem",
    "artifact-vault bundle import /media/stick/monday.tar.zst.parts.json --map pypi=python",
    "zstd -dc bundle.tar.zst | artifact-vault bundle import -",
    "artifact-vault bundle import images.tar",
    "artifact-vault bundle import wheels/ --map wheelhouse=pypi",
    "artifact-vault bundle import /var/cache/apt-cacher-ng --dry-run",
  ],
  operands: {
    usage: "IN",
    help: "A bundle: a file, the list of its parts, a directory, or - for standard input; or images, packages and " +
      "mirrors of other tools: a directory or an archive",
    least: 1,
    most: 1,
  },
  options: {
    ...directoryOptions,
    ...trustOption,
    map: {
      value: "A=B",
      repeats: true,
      help:
        "What a bundle has of backend A is for backend B here, as in pypi=python; an A that is not in it is noted, a B " +
        "that is not configured is refused. Of other tools, what they call A is B, as in 3.20=alpine:3.20; an A that is not there is refused",
    },
    unsigned: { help: "Take what other tools have made also where bundles must be signed" },
    again: { help: "Import a bundle that was imported already, as after a purge of what it brought" },
    "dry-run": { help: "Say what is in it and what is new, and store nothing" },
    ...temporaryOption,
  },
  async run(given, io) {
    const { operands: [path = ""], values, lists } = given;
    const config = await loadConfig(loadOptionsOf(values, io));
    const trust = await trustOf(given, config);
    if (await isForeignPath(path)) {
      await prepare(config.cache_dir, io);
      return await importForeignPath({ path, given, config, trust, io });
    }
    const maps = parseMaps(lists.map ?? [], config);
    const backendFor = backendFinder(config, maps);
    await prepare(config.cache_dir, io);
    const dryRun = values["dry-run"] === true;
    const { signal, close } = stopSignal();
    const imported = await withBundle(path, { verb: "import", signal }, async (source) => {
      const spool = await openSpool(given, config, path);
      try {
        return await withProgress(io, (onProgress) =>
          importBundle({
            ...{ source, trust, spool, backendFor, carryingOfType, dryRun, onProgress, signal },
            cacheDir: config.cache_dir,
            limits: limitsOf(config),
            again: values.again === true,
          }));
      } finally {
        spool.close();
        if (!dryRun) await tellServers(config.cache_dir);
      }
    }).finally(close);
    return report(imported, { io, path, backendFor, maps });
  },
};

async function prepare(cacheDir: string, io: Io): Promise<void> {
  await prepareCacheDir(cacheDir);
  const warning = ownerWarning(cacheDir);
  if (warning !== null) io.stderr(`${warning}\n`);
}

function limitsOf({ cache_max_size, cache_min_free }: Config) {
  return { maxBytes: cache_max_size ?? null, minFreeBytes: cache_min_free ?? null };
}

interface ReportOptions {
  readonly io: Io;
  readonly path: string;
  readonly backendFor: ImportOptions["backendFor"];
  readonly maps: ReadonlyMap<string, string>;
}

/** Returns the exit code. */
function report(
  { head, bodies, entries, backends, unserved, known, pins, isWhole }: Imported,
  { io, path, backendFor, maps }: ReportOptions,
): number {
  const { index } = head;
  const shown = path === "-" ? "the bundle" : path;
  const bundle = `${shown}, bundle ${index.id} of ${shownDate(index.created)}`;
  const added = `${shownCount(bodies.added, "new body", "new bodies")}, ${shownBytes(bodies.addedBytes)}`;
  const were = bodies.there === 1 ? "was" : "were";
  const there = `${shownBodies(bodies.there)}, ${shownBytes(bodies.thereBytes)}, ${were} there already`;
  const repaired = bodies.repaired === 0 ? "" : `; ${shownBodies(bodies.repaired)} repaired, damaged until now`;
  io.stderr(describeSigned(head));
  if (entries === null) {
    io.stdout(`Would import ${bundle}: ${added}; ${there}\n`);
  } else {
    const isNewer = shownCount(entries.older, "is as new or newer", "are as new or newer");
    const written = `${shownEntries(entries.written)} written, ${isNewer} here`;
    io.stdout(`Imported ${bundle}: ${added}; ${there}${repaired}; ${written}\n`);
  }
  if (pins.length > 0) io.stdout(`Pins of the other side that are new here: ${shownLine(pins.join(", "))}\n`);
  if (entries !== null && entries.denied > 0) {
    io.stderr(
      `Left out: ${shownEntries(entries.denied)} with a body that the bundle does not have, and other backends have ` +
        "here. Only a bundle that is signed with a trusted key may name them\n",
    );
  }
  for (const [from, to] of maps) {
    if (backends.includes(from)) continue;
    io.stderr(`Note: --map ${from}=${to} changes nothing: the bundle has entries of ${backends.join(", ")} only\n`);
  }
  for (const { header, entries: count } of unserved) {
    const backend = backendFor(header.backend);
    if (backend !== null) {
      io.stderr(
        `Left out: ${shownEntries(count)} of backend "${header.backend}", which is of type ${header.type}, and ` +
          `"${backend.name}" is not. Name one of this type with --map ${header.backend}=NAME, and import again\n`,
      );
      continue;
    }
    io.stderr(
      `Left out: ${
        shownEntries(count)
      } of backend "${header.backend}", which the configuration does not have. Add it, or ` +
        `name the one that serves it with --map ${header.backend}=NAME, and import again:\n` +
        `${stringify({ backends: [header.configuration] }, { lineWidth: 0 })}`,
    );
  }
  for (const [id, count] of entries?.lacking ?? []) {
    const link = index.chain.find((one) => one.id === id) ?? null;
    io.stderr(`Lacking: what ${shownEntries(count)} should have as a body, ${describeOrigin(link, known)}\n`);
  }
  const missed = index.chain.filter(({ id }) => !known.has(id) && !entries?.lacking.has(id));
  if (missed.length > 0) io.stderr(describeUnknown(missed));
  return entries === null || isWhole ? 0 : 1;
}

function describeUnknown(unknown: readonly ChainLink[]): string {
  const shown = unknown.slice(0, 3).map(shownLink).join(", ");
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : "";
  const rest = unknown.length === 1
    ? "What only that one has is not here: import it too"
    : "What only those have is not here: import them too, in any order";
  return `It follows ${shown}${more}, of which nothing was imported here. ${rest}; entries that are newer stay\n`;
}

/** Says where a body that is lacking came from, or should come from, and what to do; null for the imported bundle. */
function describeOrigin(link: ChainLink | null, known: Imported["known"]): string {
  if (link === null) {
    return "which is missing in the directory, or was removed from the cache meanwhile; import the whole bundle again";
  }
  switch (known.get(link.id)) {
    case "bundle":
      return `which was imported with the bundle ${
        shownLink(link)
      }, and is not here any more, as after a purge. Import ` +
        "that one with --again, and then this one as now";
    case "list":
      return `which was here when the list ${shownLink(link)} was made, and is not any more. Make a new list with ` +
        "artifact-vault bundle have, for a bundle that is exported by it";
    default:
      return `which the bundle ${shownLink(link)} has, or the list that it was made from. Import that one, and then ` +
        "this one again";
  }
}

function shownLink({ id, created }: ChainLink): string {
  return `${id} of ${shownDate(created)}`;
}
