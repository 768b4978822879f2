import type { SourceFile } from "../../../shelf.ts";
import { VaultError } from "../../../errors.ts";
import { isReadable, readZipMember, readZipMembers, type ZipMember } from "./zip_archive.ts";

/** The metadata of a project is much smaller. */
const maxMetadataBytes = 4 * 1024 * 1024;

/**
 * Reads the `METADATA` of a wheel (PEP 427, PEP 658) out of the zip file; null where it has none, or is none that can
 * be read.
 */
export async function readWheelMetadata(wheel: SourceFile): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const member = metadataAmong(await readZipMembers(wheel));
    if (member === null || !isReadable(member) || member.sizeBytes > maxMetadataBytes) return null;
    return await readSmallMember(wheel, member);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return null;
  }
}

/** Finds the one `METADATA` of a wheel; null where there is none, or are several. */
export function metadataAmong(members: readonly ZipMember[]): ZipMember | null {
  const [only, ...others] = members.filter(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  return only !== undefined && others.length === 0 ? only : null;
}

/** Reads a member into memory; the caller limits its size. Throws as `readZipMember`. */
export async function readSmallMember(file: SourceFile, member: ZipMember): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(await Array.fromAsync(readZipMember(file, member))).arrayBuffer());
}
