import { createHash } from "node:crypto";
import { messageOf, VaultError } from "../../../errors.ts";
import type { SourceFile } from "../../../shelf.ts";
import { blockBytes, bodyBytesOf, parseTarHeader } from "../../shared/shelves/tar_block.ts";
import { maxBzipBytes, unpack, UnpackError } from "../../shared/unpack.ts";
import { metadataAmong, readSmallMember } from "./wheel_metadata.ts";
import { isReadable, readZipMember, readZipMembers, type ZipMember } from "./zip_archive.ts";

/** What unpacks to more than this, and to so many times its size, is a bomb. */
const bomb = { bytes: 256 * 1024 ** 2, ratio: 100 };
const maxRecordBytes = 32 * 1024 * 1024;

const sdistCodings: Readonly<Record<string, string>> = { gz: "gzip", tgz: "gzip", bz2: "bzip2", xz: "xz" };

/**
 * Reads a wheel or an sdist to its end, and says what is wrong with it, as a sentence about "it"; null where it is
 * whole. Throws where the file cannot be read.
 */
export async function findDamage(filename: string, file: SourceFile): Promise<string | null> {
  try {
    const [, ending = ""] = /\.(\w+)$/.exec(filename.toLowerCase()) ?? [];
    if (ending === "whl") await checkWheel(file);
    else if (ending === "zip") await checkMembers(file, await readZipMembers(file), () => undefined);
    else await checkTar(file, sdistCodings[ending]!);
    return null;
  } catch (error) {
    if (!(error instanceof VaultError && error.code === "bad_request")) throw error;
    return error.message;
  }
}

/** The hash of one file, as its wheel records it. */
interface Recorded {
  readonly algorithm: string;
  readonly hash: string;
}

/** An installer refuses a wheel of which a file has not the hash that its RECORD has for it (PEP 427). */
async function checkWheel(wheel: SourceFile): Promise<void> {
  const members = await readZipMembers(wheel);
  const metadata = metadataAmong(members);
  if (metadata === null) throw damaged("has no .dist-info/METADATA, and is no wheel");
  const record = members.find(({ name }) => name === metadata.name.replace(/METADATA$/, "RECORD"));
  const isUsable = record !== undefined && isReadable(record) && record.sizeBytes <= maxRecordBytes;
  if (!isUsable) throw damaged("has no .dist-info/RECORD, and is no wheel");
  const recorded = parseRecord(new TextDecoder().decode(await readSmallMember(wheel, record)));
  await checkMembers(wheel, members, (name) => recorded.get(name));
}

async function checkMembers(
  file: SourceFile,
  members: readonly ZipMember[],
  recordedOf: (name: string) => Recorded | undefined,
): Promise<void> {
  const room = new Room(file.sizeBytes);
  for (const member of members) {
    if (!isReadable(member)) continue;
    const recorded = recordedOf(member.name);
    const hash = recorded && createHash(recorded.algorithm);
    for await (const chunk of readZipMember(file, member)) {
      room.take(chunk.byteLength);
      hash?.update(chunk);
    }
    if (hash?.digest("base64url") === recorded?.hash) continue;
    throw damaged(`has other bytes as "${member.name}" than its RECORD says`);
  }
}

/** Parses a RECORD: a line for each file, in the form of CSV, with hashes in base64 without padding. */
function parseRecord(text: string): ReadonlyMap<string, Recorded> {
  const lines = text.matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),(sha256|sha384|sha512)=([\w-]+)=*,/gm);
  return new Map(Array.from(lines, ([, quoted, plain = "", algorithm = "", hash = ""]) => {
    return [quoted?.replaceAll('""', '"') ?? plain, { algorithm, hash }];
  }));
}

async function checkTar(file: SourceFile, coding: string): Promise<void> {
  // The decoder takes no more.
  if (coding === "bzip2" && file.sizeBytes > maxBzipBytes) return;
  const room = new Room(file.sizeBytes);
  const tar = new TarCheck();
  try {
    await unpack(file.stream(0), coding, (chunk) => {
      room.take(chunk.byteLength);
      tar.write(chunk);
    });
  } catch (error) {
    const cause = error instanceof UnpackError ? error.cause : error;
    if (cause instanceof VaultError || !(error instanceof UnpackError)) throw cause;
    throw damaged(`cannot be unpacked (${coding}): ${messageOf(cause)}`);
  }
  tar.end();
}

/** Follows the headers of a tar archive, and skips what is between them. */
class TarCheck {
  readonly #block = new Uint8Array(blockBytes);
  #blockLength = 0;
  #skipBytes = 0;
  #state: "empty" | "within" | "ended" = "empty";

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength && this.#state !== "ended";) {
      const skipped = Math.min(this.#skipBytes, chunk.byteLength - at);
      this.#skipBytes -= skipped;
      at += skipped;
      const part = chunk.subarray(at, at + blockBytes - this.#blockLength);
      this.#block.set(part, this.#blockLength);
      this.#blockLength += part.byteLength;
      at += part.byteLength;
      if (this.#blockLength === blockBytes) this.#header();
    }
  }

  /** Throws where the archive ends within a member, or has none. */
  end(): void {
    if (this.#state === "empty") throw damaged("has no files");
    if (this.#skipBytes > 0 || this.#blockLength > 0) throw damaged("has been cut: it ends within a file");
  }

  #header(): void {
    const header = parseTarHeader(this.#block);
    this.#blockLength = 0;
    if (header === "wrong") throw damaged("is no tar archive, or a damaged one");
    if (header === null) {
      if (this.#state === "within") this.#state = "ended";
      return;
    }
    this.#state = "within";
    this.#skipBytes = Math.ceil(bodyBytesOf(header, header.sizeBytes) / blockBytes) * blockBytes;
  }
}

/** Counts what is unpacked of a file. */
class Room {
  readonly #packedBytes: number;
  #bytes = 0;

  constructor(packedBytes: number) {
    this.#packedBytes = packedBytes;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > bomb.bytes && this.#bytes > this.#packedBytes * bomb.ratio) {
      throw damaged("unpacks to far more than it is");
    }
  }
}

function damaged(why: string): VaultError {
  return new VaultError("bad_request", `it ${why}`);
}
