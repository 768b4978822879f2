import type { Artifact, Read, Reading, VaultReader } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { parseRelease, type Release } from "./release.ts";

/** A release, and its bytes as they were signed. */
export interface ReleaseDocument {
  readonly release: Release;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type ReadRelease = Read<ReleaseDocument>;

const maxReleaseBytes = 64 * 1024 * 1024;

/** What is no release makes the error that says so: it too is kept, and not looked at again for each client. */
const releaseReading: Reading<ReleaseDocument | VaultError> = {
  name: "apt release",
  maxBytes: maxReleaseBytes,
  async make(body) {
    const bytes = await body.bytes();
    try {
      return { release: parseRelease(bytes), bytes };
    } catch (error) {
      if (error instanceof VaultError) return error;
      throw error;
    }
  },
  weigh: (made) => made instanceof VaultError ? 1000 : made.release.weight + made.bytes.byteLength,
};

/** For where only the digest of a body counts. */
export const digestReading: Reading<null> = {
  name: "nothing",
  maxBytes: maxReleaseBytes,
  make: () => null,
  weigh: () => 0,
};

/** Throws as `VaultReader.read`, and `upstream_failed` for what is no release. */
export async function readRelease(artifact: Artifact, vault: VaultReader): Promise<ReadRelease> {
  const { value, ...read } = await vault.read(artifact, releaseReading);
  if (value instanceof VaultError) throw value;
  return { ...read, value };
}
