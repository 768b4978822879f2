import { type ByteSink, createFileSink, stdoutSink } from "../../archive/byte_sink.ts";
import { compressing, compressionNamed } from "../../archive/compression.ts";
import { FolderWriter } from "../../archive/folder.ts";
import type { MemberSink } from "../../archive/member_source.ts";
import { PartsSink } from "../../archive/parts.ts";
import { TarWriter } from "../../archive/tar_writer.ts";
import { exportBundle, type Exported } from "../../bundle/export_bundle.ts";
import { readPrivateKey } from "../../bundle/signing_key.ts";
import { readSummary, type Summary, summarySuffix } from "../../bundle/summary.ts";
import { headNames } from "../../bundle/write_bundle.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { entryName } from "../../inventory/entry_name.ts";
import { anyOf, parsePattern } from "../../inventory/pattern.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { loadWithCacheDir } from "../cache/load_with_cache_dir.ts";
import type { Action, Given } from "../command.ts";
import { configOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { sizeOf, textOf } from "../option_values.ts";
import { version } from "../version.ts";
import { kitOf, kitOptions, ownExecutable } from "./kit.ts";
import { openSpool, readPem, temporaryOption, withProgress } from "./common_options.ts";
import { carriedBackends } from "./carried_backends.ts";

/** Writes a bundle of what is cached. */
export const exporting: Action = {
  name: "export",
  summary: "Write what is cached into a bundle, to be carried to another vault",
  examples: [
    "artifact-vault bundle export bundle.tar --config config.yml --sign vault.pem",
    "artifact-vault bundle export monday.tar.zst --since friday.tar.zst --part-size 4GB",
    "artifact-vault bundle export friday.tar --kit /media/stick --sign vault.pem",
    "artifact-vault bundle export images.tar docker/**/alpine/**",
  ],
  operands: {
    usage: "OUT [PATTERN...]",
    help: "a file, which .gz and .zst at its end compress; a directory, with / at its end; - for standard output",
    least: 1,
    most: Infinity,
  },
  options: {
    ...configOptions,
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
    const kit = kitOf(given, named);
    if (kit !== null && lists.executable === undefined) ownExecutable();
    const out = kit?.out ?? named;
    const config = await loadWithCacheDir(given, io);
    const isDryRun = values["dry-run"] === true;
    const chosen = anyOf(patterns.map(parsePattern));
    const key = textOf(values, "sign");
    const output = outputOf(given, { out, named });
    const spool = await openSpool(given, config, out);
    try {
      const exported = await withProgress(io, async (onProgress) =>
        await exportBundle({
          cacheDir: config.cache_dir,
          backends: carriedBackends(config, lists.backend),
          selects: (entry) => chosen.matches(entryName(entry)),
          since: await sinceOf(given),
          key: key === undefined ? null : await readPrivateKey(await readPem(key), key),
          ...{ spool, version, onProgress },
          openSink: isDryRun ? null : output.openSink,
          openSummary: isDryRun ? null : output.openSummary,
        }));
      if (!isDryRun) await kit?.complete(config);
      report(exported, { io, out, isDryRun, isSigned: key !== undefined });
      return 0;
    } catch (error) {
      throw failed(error, out);
    } finally {
      spool.close();
    }
  },
};

interface Output {
  readonly openSink: () => MemberSink;
  readonly openSummary: (() => ByteSink) | null;
}

/** Of a kit, the summary stays here, beside the name that the bundle was given. */
function outputOf({ values }: Given, { out, named }: { readonly out: string; readonly named: string }): Output {
  const partBytes = sizeOf(values, "part-size");
  const isFolder = out.endsWith("/") || isDirectory(out);
  const path = out.replace(/\/+$/, "");
  if (partBytes !== undefined && (isFolder || out === "-" || partBytes < 512)) {
    throw new VaultError("config_invalid", "--part-size is for a bundle in a file, and at least 512 bytes");
  }
  const summary = textOf(values, "summary") ?? (out === "-" ? null : named.replace(/\/+$/, "") + summarySuffix);
  if (out !== named) Deno.mkdirSync(out.slice(0, out.replace(/\/+$/, "").lastIndexOf("/")), { recursive: true });
  const openSummary = summary === null ? null : () => createFileSink(summary);
  if (isFolder) {
    return { openSink: () => new FolderWriter(path, [headNames.index, headNames.layout]), openSummary };
  }
  const bytes = () => out === "-" ? stdoutSink() : partBytes ? new PartsSink(out, partBytes) : createFileSink(out);
  const compression = compressionNamed(out);
  return {
    openSink: () => new TarWriter(compression === null ? bytes() : compressing(bytes(), compression)),
    openSummary,
  };
}

async function sinceOf({ values }: Given): Promise<Summary | null> {
  const [since, have] = [textOf(values, "since"), textOf(values, "have")];
  if (since !== undefined && have !== undefined) {
    throw new VaultError("config_invalid", "--since and --have say the same in two ways; give one of them");
  }
  const path = have ?? (since === undefined ? undefined : summaryBeside(since));
  return path === undefined ? null : await readSummary(path);
}

function summaryBeside(since: string): string {
  const beside = since.replace(/\/+$/, "").replace(/\.parts\.json$/, "") + summarySuffix;
  try {
    return Deno.statSync(beside).isFile ? beside : since;
  } catch {
    return since;
  }
}

interface ReportOptions {
  readonly io: Io;
  readonly out: string;
  readonly isDryRun: boolean;
  readonly isSigned: boolean;
}

function report({ index, collected }: Exported, { io, out, isDryRun, isSigned }: ReportOptions): void {
  const { counts, bodies, images } = collected;
  // Standard output may be the bundle.
  const say = (text: string) => out === "-" ? io.stderr(`${text}\n`) : io.stdout(`${text}\n`);
  const verb = isDryRun ? "Would write" : "Wrote";
  say(
    `${verb} ${out === "-" ? "the bundle" : out}: ${counts.entries} entries, ${images.length} images, ` +
      `${bodies.count} bodies, ${shownBytes(bodies.bytes)}`,
  );
  if (index.chain.length > 0) {
    say(
      `Left out, since the other side has them: ${counts.unchanged} entries, ${counts.bodiesThere} bodies, ` +
        `${shownBytes(counts.bytesThere)}`,
    );
  }
  if (counts.withoutBody > 0) say(`Left out, since their bodies are not in the cache: ${counts.withoutBody} entries`);
  if (!isDryRun) say(`Bundle ${index.id}${isSigned ? ", signed" : ", not signed: --sign KEY signs it"}`);
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
