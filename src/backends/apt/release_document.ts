import type { Artifact } from "../../artifact.ts";
import type { Parsed, Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { parseRelease, type Release } from "./release.ts";

/** A release, and its bytes as they were signed. */
export interface ReleaseDocument {
  readonly release: Release;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type ReadRelease = Parsed<ReleaseDocument>;

const maxReleaseBytes = 64 * 1024 * 1024;

/** What is no release makes the error that says so: it too is kept, and not looked at again for each client. */
const releaseReading: Parser<ReleaseDocument | VaultError> = {
  name: "apt release",
  maxBytes: maxReleaseBytes,
  async parse(body) {
    const bytes = await body.bytes();
    try {
      return { release: parseRelease(bytes), bytes };
    } catch (error) {
      if (error instanceof VaultError) return error;
      throw error;
    }
  },
  sizeOf: (made) => made instanceof VaultError ? 1000 : made.release.weight + made.bytes.byteLength,
};

/** For where only the digest of a body counts. */
export const digestReading: Parser<null> = {
  name: "nothing",
  maxBytes: maxReleaseBytes,
  parse: () => null,
  sizeOf: () => 0,
};

/** Throws as `VaultReader.read`, and `upstream_failed` for what is no release. */
export async function readRelease(artifact: Artifact, vault: VaultReader): Promise<ReadRelease> {
  const { value, ...read } = await vault.read(artifact, releaseReading);
  if (value instanceof VaultError) throw value;
  return { ...read, value };
}
