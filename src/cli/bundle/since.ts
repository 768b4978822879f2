import { basename, dirname, join, resolve } from "node:path";
import { openFileSource } from "../../archive/file_source.ts";
import { isSplit, wholeOf } from "../../archive/parts.ts";
import { isSpecial } from "../../archive/special_file.ts";
import { readHead } from "../../bundle/read_bundle.ts";
import type { Spool } from "../../bundle/spool.ts";
import { Summary, summarySuffix } from "../../bundle/summary.ts";
import { writeSummaryOf } from "../../bundle/write_summary_of.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import { messageOf, VaultError } from "../../errors.ts";
import type { Given } from "../command.ts";
import { textOf } from "../option_values.ts";
import { isArchiveFile } from "./found_instead.ts";
import { withBundle } from "./open_bundle.ts";

/** What an export builds on, by an option. */
type Base =
  | { readonly option: "--have"; readonly path: string }
  | {
    readonly option: "--since";
    readonly path: string;
    /** The bundle that is meant, without what a path of it ends with. */
    readonly bundle: string;
    /** Where its summary belongs. */
    readonly summary: string;
  };

/** What an export is about to write; null for no file. */
interface Written {
  readonly out: string | null;
  readonly summary: string | null;
}

/** What reading needs. */
interface Reading {
  /** Opens the folder for what cannot be read twice. */
  openSpool(): Promise<Spool>;
  readonly signal: AbortSignal;
}

/**
 * Reads what the other side has, by `--since` or `--have`; null where nothing is known of it. Throws `config_invalid`
 * also where the export would replace what it builds on, and `bundle_wrong` for what is neither a bundle nor a list.
 */
export async function sinceOf(
  { values }: Pick<Given, "values">,
  written: Written,
  reading: Reading,
): Promise<Summary | null> {
  const base = baseOf(textOf(values, "since"), textOf(values, "have"));
  if (base === null) return null;
  refuseReplacing(base, written);
  try {
    return base.option === "--have" ? await readSummary(base.path, reading) : await summaryAt(base, reading);
  } catch (error) {
    if (error instanceof VaultError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(error);
    throw asPermissionMissing(error) ??
      new VaultError("config_invalid", `Cannot read "${base.path}" for ${base.option}: ${why}`, { cause: error });
  }
}

function baseOf(since: string | undefined, have: string | undefined): Base | null {
  if (since !== undefined && have !== undefined) {
    throw new VaultError("config_invalid", "--since and --have say the same in two ways; give one of them");
  }
  if (have !== undefined) return { option: "--have", path: have };
  if (since === undefined) return null;
  const bundle = since.endsWith(summarySuffix)
    ? since.slice(0, -summarySuffix.length)
    : wholeOf(since.replace(/\/+$/, ""));
  return { option: "--since", path: since, bundle, summary: bundle + summarySuffix };
}

/** The base may not have been carried yet, and nothing else says what is in it. */
function refuseReplacing(base: Base, { out, summary }: Written): void {
  const files = base.option === "--have" ? [base.path] : [base.path, base.bundle, base.summary];
  const replaced = (path: string | null) => files.find((file) => path !== null && isSamePlace(path, file));
  const byBundle = replaced(out);
  const file = byBundle ?? replaced(summary);
  if (file === undefined) return;
  const [what, instead] = byBundle === undefined
    ? ["The summary of the new bundle", "name another file with --summary"]
    : ["The new bundle", "give it another name"];
  throw new VaultError(
    "config_invalid",
    `${what} would take the place of "${file}", which ${base.option} builds on; ${instead}`,
  );
}

function isSamePlace(a: string, b: string): boolean {
  return placeOf(a) === placeOf(b);
}

/** The path of a file without links, also of one that is not there. */
function placeOf(path: string): string {
  const whole = resolve(path);
  for (const real of [() => Deno.realPathSync(whole), () => join(Deno.realPathSync(dirname(whole)), basename(whole))]) {
    try {
      return real();
    } catch {
      // It is not there, or may not be read.
    }
  }
  return whole;
}

async function summaryAt(
  { path, summary }: Extract<Base, { option: "--since" }>,
  reading: Reading,
): Promise<Summary> {
  if (isFile(summary)) return await readSummary(summary, reading);
  const isBundle = isSplit(path) || !isSpecial(path) && (isFolder(path) || await isArchiveFile(path));
  if (!isBundle) return await readSummary(path, reading);
  const { signal } = reading;
  return await withBundle(path, { verb: "read", signal }, async (source) => {
    const { index } = await readHead(source, { keys: [], isRequired: false });
    if (index.chain.length > 0) throw increment(summary);
    const spool = await reading.openSpool();
    await writeSummaryOf(source, index, { sink: spool.sink(spooledName), signal });
    return await Summary.read({ path: spool.path(spooledName), name: path }, signal);
  });
}

function increment(summary: string): VaultError {
  return new VaultError(
    "config_invalid",
    "it is an increment, and only its summary says what the bundles before it have brought. That is not there: " +
      `"${summary}"; name it with --since, or a list of the other side with --have`,
  );
}

const spooledName = "since";

/** A summary is read twice, so that what a pipe gives is copied first. */
async function readSummary(path: string, { openSpool, signal }: Reading): Promise<Summary> {
  if (!isSpecial(path)) return await Summary.read({ path, name: path }, signal);
  const spool = await openSpool();
  const [source, sink] = [openFileSource(path, signal), spool.sink(spooledName)];
  try {
    const buffer = new Uint8Array(64 * 1024);
    for (let count; (count = await source.read(buffer)) !== null;) await sink.write(buffer.subarray(0, count));
  } finally {
    source.close();
  }
  await sink.finish();
  return await Summary.read({ path: spool.path(spooledName), name: path }, signal);
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
