import { isSplit } from "../../archive/parts.ts";
import { isSpecial } from "../../archive/special_file.ts";
import type { ForeignOutcome } from "../../bundle/foreign/import.ts";
import { isForeign } from "../../bundle/foreign/is_foreign.ts";
import type { ForeignSource } from "../../bundle/foreign/recognise.ts";
import type { Trust } from "../../bundle/read_bundle.ts";
import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownCount } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { tellServers } from "../cache/running.ts";
import type { Given } from "../command.ts";
import type { Io } from "../io.ts";
import { openFilesLimit } from "../open_files_limit.ts";
import { Progress } from "../progress.ts";
import { stopSignal } from "../stop_signal.ts";
import { version } from "../version.ts";
import { warningsTo } from "../warm_report.ts";
import { openSpool } from "./common_options.ts";
import { foundInstead, noArchive, noBundle, refusePacked } from "./found_instead.ts";
import { withBundle } from "./open_bundle.ts";

/**
 * Says whether a path names something that another program has made. What can be read once only, such as a pipe, has to
 * be a bundle. Throws where it cannot be read.
 */
export async function isForeignPath(path: string): Promise<boolean> {
  if (path === "-" || isSplit(path) || isSpecial(path)) return false;
  return await withBundle(path, { verb: "import" }, isForeign);
}

export interface ForeignImport {
  readonly path: string;
  readonly given: Given;
  readonly config: Config;
  readonly trust: Trust;
  readonly io: Io;
}

/** Imports what another program has made, and says what became of it. Resolves with the exit code. */
export async function importForeignPath({ path, given, config, trust, io }: ForeignImport): Promise<number> {
  const found = await foundInstead(path);
  if (found === noArchive) throw noBundle(path, { verb: "import", found });
  await refusePacked(path, "import");
  if (given.values.unsigned !== true) requireNoTrust(path, trust);
  const spool = await openSpool(given, config, path);
  try {
    const { recogniseForeign } = await import("../../bundle/foreign/recognise.ts");
    const renamed = parseNames(given.lists.map ?? []);
    const source = await recogniseForeign(path, { spoolDir: spool.path(""), config, renamed });
    try {
      return await importSource(source, { path, given, config, trust, io });
    } finally {
      source.close();
    }
  } finally {
    spool.close();
  }
}

/** Nothing of what is refused is unpacked, or looked at more closely. */
function requireNoTrust(path: string, { keys, isRequired }: Trust): void {
  if (keys.length === 0 && !isRequired) return;
  throw new VaultError(
    "bundle_wrong",
    `Cannot import "${path}": only signed bundles are taken here, and it is no bundle as artifact-vault bundle export ` +
      "writes it, so that it has no signature to verify; to import what another tool has made all the same, add --unsigned",
  );
}

async function importSource(source: ForeignSource, { path, given, config, io }: ForeignImport): Promise<number> {
  const dryRun = given.values["dry-run"] === true;
  const progress = new Progress(io);
  const stop = stopSignal();
  const tally = { imported: 0, bytes: 0, cached: 0, left: 0, unverified: 0 };
  try {
    const { importForeign } = await import("../../bundle/foreign/import.ts");
    const outcomes = importForeign(source, {
      ...{ config, version, dryRun, signal: stop.signal },
      log: warningsTo((line) => progress.line(line)),
      renamed: parseNames(given.lists.map ?? []),
      openFilesLimit: openFilesLimit(config.cache_dir),
    });
    for await (const outcome of outcomes) {
      count(tally, outcome);
      const line = describe(outcome);
      if (line !== null) progress.line(line);
      progress.show({
        unit: ["thing", "things"],
        done: tally.imported + tally.cached,
        total: null,
        bytes: tally.bytes,
        totalBytes: null,
      });
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    progress.line("Stopped. What has been imported stays; the same command continues with the rest");
    tally.left += 1;
  } finally {
    progress.end();
    stop.close();
    if (!dryRun) await tellServers(config.cache_dir);
  }
  const { imported, bytes, cached, left, unverified } = tally;
  const taken = unverified === 0
    ? ""
    : ` (${unverified} of them unverified, since nothing says which digest to expect)`;
  const files = dryRun ? shownCount(imported, "file") : shownCount(imported, "new file");
  io.stdout(
    `${dryRun ? "Would import" : "Imported"} ${path}, ${source.description}: ${files}, ${shownBytes(bytes)}${taken}; ` +
      `${shownCount(cached, "was", "were")} cached already; ${left} could not be imported\n`,
  );
  return left === 0 ? 0 : 1;
}

interface Tally {
  imported: number;
  bytes: number;
  cached: number;
  left: number;
  unverified: number;
}

function count(tally: Tally, { sizeBytes, outcome, isUnverified }: ForeignOutcome): void {
  switch (outcome.kind) {
    case "imported":
    case "found":
      tally.imported += 1;
      tally.bytes += sizeBytes;
      tally.unverified += isUnverified ? 1 : 0;
      return;
    case "cached":
      tally.cached += 1;
      return;
    case "failed":
    case "left_out":
      tally.left += 1;
  }
}

/** A line for what needs one; null for what was imported. */
function describe({ name, sizeBytes, outcome }: ForeignOutcome): string | null {
  const shown = shownLine(name);
  switch (outcome.kind) {
    case "imported":
    case "cached":
      return null;
    case "found":
      return `${shown}, ${shownBytes(sizeBytes)}`;
    case "failed":
      return `Failed: ${shown}: ${outcome.reason}`;
    case "left_out":
      return `Left out: ${shown}: ${outcome.reason}`;
    case "kept":
      return `Note: ${shown}: ${outcome.reason}`;
  }
}

/** Parses `--map A=B`, where both may be the names of images. Throws `config_invalid`. */
function parseNames(maps: readonly string[]): ReadonlyMap<string, string> {
  return new Map(maps.map((text) => {
    const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
    if (from !== undefined && to !== undefined) return [from, to];
    throw new VaultError("config_invalid", `--map: "${text}" is not NAME=NAME, as in --map 3.20=alpine:3.20`);
  }));
}
