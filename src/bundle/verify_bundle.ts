import { createHash } from "node:crypto";
import type { MemberSource } from "../archive/member_source.ts";
import { VaultError } from "../errors.ts";
import { blobName } from "./blob_name.ts";
import type { Body } from "./body_list.ts";
import { Breather } from "./breather.ts";
import { type CarryingOfType, planImport } from "./import_plan.ts";
import type { OnProgress } from "./progress.ts";
import { type BundleHead, readHead, type Trust } from "./read_bundle.ts";
import type { Spool } from "./spool.ts";

export interface VerifyOptions {
  readonly source: MemberSource;
  readonly trust: Trust;
  readonly spool: Spool;
  readonly carryingOfType: CarryingOfType;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Verified {
  readonly head: BundleHead;
  readonly bodies: number;
  readonly bytes: number;
}

/**
 * Reads a whole bundle and compares everything in it with its digest, also those that keys of entries say. Throws as
 * `MemberSource.open`, and `storage_failed` once the signal is aborted.
 */
export async function verifyBundle(options: VerifyOptions): Promise<Verified> {
  const { source, trust, spool, carryingOfType, onProgress, signal } = options;
  const head = await readHead(source, trust);
  const reading = { spool, carryingOfType, backendFor: () => anyBackend, signal };
  const { bodies } = await planImport(source, head.index, reading);
  const breather = new Breather(signal);
  let done = 0;
  let bytes = 0;
  for (const body of bodies.all()) {
    await verifyBody(source, body, breather);
    done++;
    bytes += body.sizeBytes;
    onProgress?.({ bodies: done, bytes, totalBodies: bodies.count, totalBytes: bodies.bytes });
  }
  await source.finish();
  return { head, bodies: bodies.count, bytes: bodies.bytes };
}

const anyBackend = { serves: () => true };

async function verifyBody(source: MemberSource, { sha256, sizeBytes }: Body, breather: Breather): Promise<void> {
  const name = blobName(sha256);
  const member = await source.open(name, sizeBytes);
  if (member === null) throw new VaultError("bundle_interrupted", `"${name}" is missing; copy the whole directory`);
  const hash = createHash("sha256");
  for (let chunk; (chunk = await member.next()) !== null;) {
    hash.update(chunk);
    await breather.breathe();
  }
  if (hash.digest("hex") === sha256) return;
  throw new VaultError("bundle_wrong", `the bytes of "${name}" do not fit its name`);
}
