import { createHash } from "node:crypto";
import type { MemberSink } from "../archive/member_source.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { openRegularFile } from "../store/regular_files.ts";
import { shownBodies } from "../observe/shown_count.ts";
import { blobName, emptyConfig } from "./blob_name.ts";
import { Breather } from "./breather.ts";
import type { Body } from "./body_list.ts";
import type { Collected } from "./collect_facts.ts";
import { formatIndex, type IndexDocument, layoutText } from "./index_document.ts";
import type { OnProgress } from "./progress.ts";
import { maxShardBytes } from "./shard.ts";
import { sign } from "./signature.ts";
import type { PrivateKey } from "./signing_key.ts";

/** The names of the members that make a bundle, in their order. */
export const headNames = {
  layout: "oci-layout",
  index: "index.json",
  signature: "index.json.sigstore.json",
  docker: "manifest.json",
} as const;
/** Without the layout, a directory is no bundle: it is there last. */
export const headsInOrder = [headNames.layout, headNames.index, headNames.signature, headNames.docker] as const;
const chunkBytes = 1024 * 1024;

export interface WriteOptions {
  readonly layout: FsLayout;
  readonly index: IndexDocument;
  readonly collected: Collected;
  readonly key: PrivateKey | null;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Writes a bundle: first what says what is in it, then the bodies, each of which is compared with its digest. Throws
 * `storage_failed`, with all bodies that are damaged or gone, and the reason of `signal`; what `sink` wrote is removed then.
 */
export async function writeBundle(sink: MemberSink, options: WriteOptions): Promise<void> {
  try {
    await writeHead(sink, options);
    await writeBodies(sink, options);
    await sink.finish();
  } catch (error) {
    sink.abort();
    throw error;
  }
}

async function writeHead(sink: MemberSink, { index, collected, key }: WriteOptions): Promise<void> {
  const encoder = new TextEncoder();
  const text = encoder.encode(formatIndex(index));
  await writeMember(sink, headNames.layout, encoder.encode(layoutText));
  await writeMember(sink, headNames.index, text);
  if (key !== null) await writeMember(sink, headNames.signature, encoder.encode(await sign(text, key)));
  const { dockerManifest } = collected;
  if (dockerManifest !== null) await writeMember(sink, headNames.docker, encoder.encode(dockerManifest));
  await writeBlob(sink, emptyConfig.sha256, emptyConfig.bytes);
  let offset = 0;
  const buffer = new Uint8Array(maxShardBytes);
  for (const { manifest, facts } of collected.shards) {
    for (const { sha256, sizeBytes } of [manifest, facts]) {
      const document = buffer.subarray(0, sizeBytes);
      collected.documents.readInto(document, offset);
      await writeBlob(sink, sha256, document);
      offset += sizeBytes;
    }
  }
}

async function writeBlob(sink: MemberSink, sha256: string, bytes: Uint8Array): Promise<void> {
  const name = blobName(sha256);
  if (!await sink.has(name, bytes.byteLength, sha256)) await writeMember(sink, name, bytes);
}

async function writeMember(sink: MemberSink, name: string, bytes: Uint8Array): Promise<void> {
  await sink.begin(name, bytes.byteLength);
  await sink.write(bytes);
  await sink.end();
}

async function writeBodies(sink: MemberSink, { layout, collected: { bodies }, signal, onProgress }: WriteOptions) {
  const damaged: string[] = [];
  const chunk = new Uint8Array(chunkBytes);
  const breather = new Breather(signal);
  let done = 0;
  let bytes = 0;
  for (const body of bodies.all()) {
    await breather.breathe();
    if (!await sink.has(blobName(body.sha256), body.sizeBytes, body.sha256)) {
      const problem = await writeBody(sink, body, { layout, chunk, breather });
      if (problem !== null) damaged.push(problem);
    }
    done++;
    bytes += body.sizeBytes;
    onProgress?.({ bodies: done, bytes, totalBodies: bodies.count, totalBytes: bodies.bytes });
  }
  if (damaged.length === 0) return;
  const shown = damaged.slice(0, 10);
  const are = damaged.length === 1 ? "is damaged or was" : "are damaged or were";
  const rest = damaged.length > shown.length ? `\nand ${damaged.length - shown.length} more` : "";
  throw new VaultError(
    "storage_failed",
    `Cannot export: ${shownBodies(damaged.length)} in the cache ${are} removed meanwhile. Repair the cache with ` +
      `artifact-vault cache verify --repair, and export again\n${shown.join("\n")}${rest}`,
  );
}

interface BodyTools {
  readonly layout: FsLayout;
  readonly chunk: Uint8Array;
  readonly breather: Breather;
}

/** The member is written in any case, so that all others can be looked at; what is wrong is returned. */
async function writeBody(
  sink: MemberSink,
  { sha256, sizeBytes }: Body,
  { layout, chunk, breather }: BodyTools,
): Promise<string | null> {
  const hash = createHash("sha256");
  await sink.begin(blobName(sha256), sizeBytes);
  let left = sizeBytes;
  let problem: string | null = null;
  try {
    const { file } = openRegularFile(layout.blob(sha256));
    try {
      for (let count; left > 0 && (count = file.readSync(chunk.subarray(0, left))) !== null; left -= count) {
        const bytes = chunk.subarray(0, count);
        hash.update(bytes);
        await sink.write(bytes);
        await breather.breathe();
      }
    } finally {
      file.close();
    }
    if (left > 0 || hash.digest("hex") !== sha256) problem = `sha256:${sha256}: its bytes do not fit its name`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    problem = `sha256:${sha256}: ${messageOf(error)}`;
  }
  for (; left > 0; left -= Math.min(left, chunk.byteLength)) await sink.write(chunk.subarray(0, left));
  await sink.end(problem === null);
  return problem;
}
