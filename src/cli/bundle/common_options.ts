import { isAbsolute } from "node:path";
import { type PublicKey, readPublicKey } from "../../bundle/signing_key.ts";
import { summarySuffix } from "../../bundle/summary.ts";
import { Spool } from "../../bundle/spool.ts";
import type { Trust } from "../../bundle/read_bundle.ts";
import type { BundleProgress, OnProgress } from "../../bundle/progress.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import type { Config } from "../../config/schema.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { bodyUnit } from "../../observe/shown_count.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import type { Given, OptionSpec } from "../command.ts";
import type { Io } from "../io.ts";
import { textOf } from "../option_values.ts";
import { Progress } from "../progress.ts";

/** The option of commands that verify signatures. */
export const trustOption: Readonly<Record<string, OptionSpec>> = {
  trust: {
    value: "PUB",
    repeats: true,
    help: "Take only what is signed with this public key, or one in bundles.trust",
  },
};

/** The option of commands that need room for what does not fit into memory. */
export const temporaryOption: Readonly<Record<string, OptionSpec>> = {
  temporary: { value: "DIR", help: "Where temporary files go; otherwise the cache directory" },
};

/** The keys that bundles have to be signed with. Throws `config_invalid` or `storage_failed`. */
export async function trustOf({ lists }: Given, { bundles }: Config): Promise<Trust> {
  const named = [...new Set(lists.trust)];
  const configured = [...new Set(bundles.trust)].filter((path) => !named.includes(path));
  const keys = await Promise.all([
    ...named.map(trustedKey),
    ...configured.map((path) => trustedKey(path).catch((error) => Promise.reject(asConfigured(error, path)))),
  ]);
  return { keys, isRequired: bundles.require_signature };
}

async function trustedKey(path: string): Promise<PublicKey> {
  return await readPublicKey(await readPem(path), path);
}

/** Whoever did not name a key on the command line has to be told where it is named, and where its path starts. */
function asConfigured(error: unknown, path: string): unknown {
  if (!(error instanceof VaultError) || error.code === "permission_missing") return error;
  const start = isAbsolute(path) ? "" : "; a relative path starts at the working directory, so write an absolute one";
  return new VaultError(error.code, `bundles.trust in the configuration: ${error.message}${start}`, { cause: error });
}

/** The text of a file with a key. Throws `storage_failed` or `permission_missing`. */
export async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(error);
    throw asPermissionMissing(error) ??
      new VaultError("storage_failed", `Cannot read the key "${path}": ${why}`, { cause: error });
  }
}

/** Makes a folder for temporary files, beside `path` where the cache directory cannot be written to. */
export function openSpool({ values }: Given, { cache_dir }: Config, path: string): Promise<Spool> {
  const named = textOf(values, "temporary");
  if (named !== undefined) return Spool.open([named]);
  const beside = path === "-" ? [] : [folderOf(path)];
  return Spool.open([new FsLayout(cache_dir).staging, ...beside]);
}

/** Where an export leaves the summary of a bundle that is named `out`; null for nowhere. */
export function summaryPath({ values }: Pick<Given, "values">, out: string): string | null {
  return textOf(values, "summary") ?? (out === "-" ? null : out.replace(/\/+$/, "") + summarySuffix);
}

/** The folder that a path is in. */
export function folderOf(path: string): string {
  const slash = path.replace(/\/+$/, "").lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, Math.max(1, slash));
}

/** Shows how far an export, an import or a verification is, while `action` runs. */
export async function withProgress<T>(io: Io, action: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const progress = new Progress(io);
  const show = ({ bodies, bytes, totalBodies, totalBytes }: BundleProgress) =>
    progress.show({ unit: bodyUnit, done: bodies, total: totalBodies, bytes, totalBytes });
  try {
    return await action(show);
  } finally {
    progress.end();
  }
}
