import type { ByteSink } from "../../archive/byte_sink.ts";
import { compressing, compressionNamed } from "../../archive/compression.ts";
import { createFileSink } from "../../archive/file_sink.ts";
import { FolderWriter } from "../../archive/folder.ts";
import type { MemberSink } from "../../archive/member_source.ts";
import { PartsSink, partsSuffix, removeParts, removeWhole } from "../../archive/parts.ts";
import { isSpecial, stdoutSink } from "../../archive/special_file.ts";
import { TarWriter } from "../../archive/tar_writer.ts";
import type { Collected, Counts } from "../../bundle/collect_facts.ts";
import { exportBundle, type Exported } from "../../bundle/export_bundle.ts";
import { readPrivateKey } from "../../bundle/signing_key.ts";
import type { Spool } from "../../bundle/spool.ts";
import { summarySuffix } from "../../bundle/summary.ts";
import { headsInOrder } from "../../bundle/write_bundle.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import type { Config } from "../../config/schema.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { cachedBackends } from "../../inventory/cached_entries.ts";
import { entryName } from "../../inventory/entry_name.ts";
import { anyOf, misreadings, parsePattern } from "../../inventory/pattern.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies, shownCount, shownEntries } from "../../observe/shown_count.ts";
import { loadWithCacheDir } from "../cache/load_with_cache_dir.ts";
import type { Action, Given } from "../command.ts";
import { directoryOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { sizeOf, textOf } from "../option_values.ts";
import { stopSignal } from "../stop_signal.ts";
import { version } from "../version.ts";
import { kitOf, kitOptions } from "./kit.ts";
import { openSpool, readPem, summaryPath, temporaryOption, withProgress } from "./common_options.ts";
import { carriedBackends } from "./carried_backends.ts";
import { sinceOf } from "./since.ts";

/** Writes a bundle of what is cached. */
export const exporting: Action = {
  name: "export",
  summary: "Write what is cached into a bundle, to be carried to another vault",
  examples: [
    "artifact-vault bundle export bundle.tar --config config.yml --sign vault.pem",
    "artifact-vault bundle export monday.tar.zst --since friday.tar.zst --part-size 4GB",
    "artifact-vault bundle export friday.tar --kit /media/stick --sign vault.pem",
    'artifact-vault bundle export images.tar "dockerhub/**/alpine/**"',
  ],
  operands: {
    usage: "OUT [PATTERN...]",
    help: "a file, which .gz and .zst at its end compress; a directory, with / at its end; - for standard output",
    least: 1,
    most: Infinity,
  },
  options: {
    ...directoryOptions,
    backend: { value: "NAME", repeats: true, help: "Only what this backend has cached" },
    since: { value: "BUNDLE", help: "Leave out what the other side has after this bundle, or its summary" },
    have: { value: "FILE", help: "Leave out what the other side has by this list (artifact-vault bundle have)" },
    sign: { value: "KEY", help: "Sign with this private key (artifact-vault bundle key new)" },
    "part-size": { value: "SIZE", help: "Split the bundle into parts of this size, as for FAT: 4GB" },
    summary: { value: "FILE", help: `Where the summary for --since goes; otherwise OUT${summarySuffix}` },
    ...kitOptions,
    "dry-run": { help: "Say what would be in it, and write nothing" },
    ...temporaryOption,
  },
  async run(given, io) {
    const { operands: [named = "", ...patterns], values, lists } = given;
    const kit = await kitOf(given, named);
    const out = kit?.out ?? named;
    const config = await loadWithCacheDir(given, io);
    const isDryRun = values["dry-run"] === true;
    const chosen = anyOf(patterns.map(parsePattern));
    const keyPath = textOf(values, "sign");
    const key = keyPath === undefined ? null : await readPrivateKey(await readPem(keyPath), keyPath);
    const output = outputOf(given, { out, named });
    const stop = stopSignal();
    const { signal } = stop;
    let spool: Spool | null = null;
    const spoolOnce = async () => spool ??= await openSpool(given, config, out);
    try {
      const written = { out: out === "-" ? null : out, summary: summaryPath(given, named) };
      const since = await sinceOf(given, written, { openSpool: spoolOnce, signal }).catch((error) => {
        throw signal.aborted ? stopped(error) : error;
      });
      if (!isDryRun) kit?.begin();
      const opened = await spoolOnce();
      const exported = await withProgress(io, async (onProgress) =>
        await exportBundle({
          cacheDir: config.cache_dir,
          backends: carriedBackends(config, lists.backend),
          selects: (entry) => chosen.matches(entryName(entry)),
          ...{ since, key, spool: opened, version, onProgress, signal },
          onCollected: ({ counts }) => requireSomething(counts, patterns),
          openSink: isDryRun ? null : () => output.openSink(signal),
          openSummary: isDryRun || output.openSummary === null ? null : output.openSummary.bind(null, signal),
        })).catch((error) => {
          throw signal.aborted ? stopped(error) : failed(error, out);
        });
      if (!isDryRun) {
        output.removeOtherForm();
        await kit?.complete(config, signal);
      }
      report(exported, { io, out: output.shown, isDryRun, isSigned: key !== null });
      await noteOthers(config, io);
      return 0;
    } catch (error) {
      throw failed(error, out);
    } finally {
      stop.close();
      (spool as Spool | null)?.close();
      kit?.close();
    }
  },
};

/** A bundle of nothing is a mistake, unless there is only nothing new. */
function requireSomething({ entries, unchanged, withoutBody }: Counts, patterns: readonly string[]): void {
  if (entries + unchanged > 0) return;
  const why = withoutBody > 0
    ? `the bodies of ${shownEntries(withoutBody)} that would be in it are not in the cache`
    : patterns.length > 0
    ? `nothing that is cached matches ${patterns.join(" ")}; ${
      misreadings(patterns) || "artifact-vault cache ls shows the names"
    }`
    : "nothing is cached";
  throw new VaultError("storage_failed", `Wrote no bundle: ${why}`);
}

/** What other backends have cached is not carried, since nothing says how it is served. */
async function noteOthers({ cache_dir, backends }: Config, io: Io): Promise<void> {
  const known = new Set(backends.map(({ name }) => name));
  const others = (await cachedBackends(cache_dir)).filter((name) => !known.has(name));
  if (others.length === 0) return;
  io.stderr(
    `Note: left out what the cache has of ${
      others.map((name) => `"${name}"`).join(", ")
    }, which the configuration does ` +
      "not name as a backend\n",
  );
}

function stopped(cause: unknown): VaultError {
  return new VaultError("storage_failed", "Stopped: wrote no bundle", { cause });
}

interface Output {
  /** What the bundle is called in messages; a dash for standard output. */
  readonly shown: string;
  readonly openSink: (signal: AbortSignal) => MemberSink;
  readonly openSummary: ((signal: AbortSignal) => ByteSink) | null;
  /** Removes an older bundle of this name that is split where this one is whole, or the other way round. */
  removeOtherForm(): void;
}

/** Of a kit, the summary stays here, beside the name that the bundle was given. */
function outputOf({ values }: Given, { out, named }: { readonly out: string; readonly named: string }): Output {
  const partBytes = sizeOf(values, "part-size");
  const isFolder = out.endsWith("/") || isDirectory(out);
  const path = out.replace(/\/+$/, "");
  if (partBytes !== undefined && (isFolder || out === "-" || partBytes < 512)) {
    throw new VaultError("config_invalid", "--part-size is for a bundle in a file, and at least 512 bytes");
  }
  const summary = summaryPath({ values }, named);
  if (summary === path) throw new VaultError("config_invalid", `--summary and OUT are one file, "${path}"`);
  const openSummary = summary === null ? null : (signal: AbortSignal) => createFileSink(summary, signal);
  if (isFolder) {
    return {
      ...{ shown: out, openSummary, removeOtherForm: () => removeParts(path) },
      openSink: () => new FolderWriter(path, headsInOrder),
    };
  }
  const bytes = (signal: AbortSignal) =>
    out === "-" ? stdoutSink(signal) : partBytes ? new PartsSink(out, partBytes) : createFileSink(out, signal);
  const compression = compressionNamed(out);
  return {
    shown: partBytes === undefined ? out : out + partsSuffix,
    openSink: (signal) => new TarWriter(compression === null ? bytes(signal) : compressing(bytes(signal), compression)),
    openSummary,
    removeOtherForm() {
      if (partBytes !== undefined) removeWhole(path);
      else if (out !== "-" && !isSpecial(path)) removeParts(path);
    },
  };
}

const shownImages = 10;

interface ReportOptions {
  readonly io: Io;
  readonly out: string;
  readonly isDryRun: boolean;
  readonly isSigned: boolean;
}

function report({ index, collected }: Exported, { io, out, isDryRun, isSigned }: ReportOptions): void {
  const { counts, bodies, images, incomplete } = collected;
  // Standard output may be the bundle.
  const say = (text: string) => out === "-" ? io.stderr(`${text}\n`) : io.stdout(`${text}\n`);
  const verb = isDryRun ? "Would write" : "Wrote";
  say(
    `${verb} ${out === "-" ? "the bundle" : out}: ${shownEntries(counts.entries)}, ` +
      `${shownCount(images.length, "image")}, ${shownBodies(bodies.count)}, ${shownBytes(bodies.bytes)}`,
  );
  if (index.chain.length > 0) {
    say(
      `Left out, since the other side has them as they are: ${shownEntries(counts.unchanged)}, ` +
        `${shownBodies(counts.bodiesThere)}, ${shownBytes(counts.bytesThere)}`,
    );
  }
  if (counts.bodiesAgain > 0) {
    say(
      `Carried though the other side has them, for other backends there: ${shownBodies(counts.bodiesAgain)}, ` +
        `${shownBytes(counts.bytesAgain)}; only a signed bundle (--sign KEY) may leave them out`,
    );
  }
  if (counts.withoutBody > 0) {
    say(`Left out, since their bodies are not in the cache: ${shownEntries(counts.withoutBody)}`);
  }
  if (!isDryRun) say(`Bundle ${index.id}${isSigned ? ", signed" : ", not signed: --sign KEY signs it"}`);
  if (incomplete.length > 0) io.stderr(describeIncomplete(incomplete));
}

function describeIncomplete(images: Collected["incomplete"]): string {
  const shown = images.slice(0, shownImages).map(({ name }) => name).join(", ");
  const rest = images.length > shownImages ? ` and ${images.length - shownImages} more` : "";
  return `Incomplete: ${shown}${rest}. The manifest is carried, and for no platform all that it leads to: choose that, ` +
    `too, as with "${images[0]?.pattern}", or fetch it first with artifact-vault warm\n`;
}

function failed(error: unknown, out: string): unknown {
  if (error instanceof VaultError) return error;
  const missing = asPermissionMissing(error);
  if (missing !== null) return missing;
  if (!(error instanceof Error && "code" in error)) return error;
  return new VaultError("storage_failed", `Cannot write "${out}": ${messageOf(error)}`, { cause: error });
}

function isDirectory(path: string): boolean {
  try {
    return path !== "-" && Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
