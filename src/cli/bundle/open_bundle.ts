import { ByteReader } from "../../archive/byte_reader.ts";
import { openFileSource } from "../../archive/file_source.ts";
import { compressionOf, decompressed } from "../../archive/compression.ts";
import { FolderReader } from "../../archive/folder.ts";
import type { MemberSource } from "../../archive/member_source.ts";
import { isSplit, PartsSource } from "../../archive/parts.ts";
import { isSpecial, stdinSource } from "../../archive/special_file.ts";
import { TarReader } from "../../archive/tar_reader.ts";
import { headNames } from "../../bundle/write_bundle.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { foundInstead, noBundle, refusePacked } from "./found_instead.ts";

/** A bundle that a command line names. The caller closes it. */
export interface OpenedBundle {
  readonly source: MemberSource;
  /** Says which part of it has other bytes than it was written with; null for none. */
  blame(): string | null;
}

/**
 * Opens a bundle: a file, which may be compressed; the parts of a split one; a directory; standard input for `-`. Nothing
 * is read twice. What waits for a pipe ends once the signal is aborted. Throws `config_invalid` where there is none, `bundle_interrupted` and `permission_missing`.
 */
export async function openBundle(path: string, signal?: AbortSignal): Promise<OpenedBundle> {
  try {
    if (path === "-") return { source: await openArchive(new ByteReader(stdinSource(signal))), blame: () => null };
    if (isSplit(path)) {
      const parts = new PartsSource(path);
      return { source: await openArchive(new ByteReader(parts)), blame: () => parts.blame() };
    }
    const source = Deno.statSync(path).isDirectory
      ? new FolderReader(path)
      : await openArchive(new ByteReader(openFileSource(path, signal)));
    return { source, blame: () => null };
  } catch (error) {
    if (error instanceof VaultError) throw error;
    const missing = asPermissionMissing(error);
    if (missing !== null) throw missing;
    throw new VaultError("config_invalid", reasonOf(error), { cause: error });
  }
}

async function openArchive(reader: ByteReader): Promise<MemberSource> {
  const compression = compressionOf(await reader.peek(4));
  return new TarReader(compression === null ? reader : new ByteReader(decompressed(reader, compression)));
}

/** Runs `action` with an opened bundle, and says in errors which bundle is meant. Throws what `action` throws. */
export async function withBundle<T>(
  path: string,
  { verb, signal }: { readonly verb: string; readonly signal?: AbortSignal },
  action: (source: MemberSource) => Promise<T>,
): Promise<T> {
  const shown = path === "-" ? "the bundle" : `"${path}"`;
  let opened: OpenedBundle | null = null;
  try {
    opened = await openBundle(path, signal);
    if (path === "-" || !isSplit(path) && isSpecial(path)) await requireBundle(opened.source, verb);
    return await action(opened.source);
  } catch (error) {
    const known = error instanceof VaultError ? error : failureOf(error);
    if (known === null || known.code === "permission_missing") throw known ?? error;
    const found = path === "-" || isSplit(path) || !notWhole.includes(known.code) ? null : await foundInstead(path);
    if (found !== null) {
      await refusePacked(path, verb);
      throw noBundle(path, { verb, found });
    }
    const blamed = known.code === "bundle_wrong" ? opened?.blame() ?? null : null;
    const what = blamed === null ? known.message : blamed + consequenceOf(known);
    throw new VaultError(known.code, `Cannot ${verb} ${shown}: ${what}`, { cause: error });
  } finally {
    opened?.source.close();
  }
}

/** What can be read once only cannot be looked at as anything else. Throws `bundle_wrong` by its first bytes. */
async function requireBundle(source: MemberSource, verb: string): Promise<void> {
  let cause: unknown;
  try {
    if (await source.has(headNames.layout)) return;
  } catch (error) {
    if (!(error instanceof VaultError && error.code === "bundle_wrong")) throw error;
    cause = error;
  }
  const advice = verb === "import"
    ? "; what other programs have made is imported from a file or a directory: write it to disk first"
    : "";
  throw new VaultError("bundle_wrong", `it is no bundle${advice}`, { cause });
}

/** What an error adds to the one that it was made from. Where a part is wrong, only the part and that help anybody. */
function consequenceOf({ message, cause }: VaultError): string {
  if (!(cause instanceof VaultError) || !message.startsWith(cause.message)) return "";
  return message.slice(cause.message.length);
}

/** The codes of errors that what is no bundle may give as well. */
const notWhole: readonly string[] = ["bundle_wrong", "bundle_interrupted"];

/** What the operating system says of files and disks, as an error of ours; null for anything else. */
function failureOf(error: unknown): VaultError | null {
  const missing = asPermissionMissing(error);
  if (missing !== null || !(error instanceof Error && "code" in error)) return missing;
  return new VaultError("storage_failed", error.message, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or directory";
  // Bundles are written for their owner alone, as what is cached.
  if (error instanceof Deno.errors.PermissionDenied) {
    return "this user may not read it; give it to this user (chown), or make it readable (chmod a+r)";
  }
  return messageOf(error);
}
