import type { Artifact } from "../../artifact.ts";
import type { Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { isMissing, VaultError } from "../../errors.ts";
import type { GenerationChange } from "../shared/generations/generation.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Release } from "./release.ts";
import { splitPath } from "./request.ts";

/** For where only the digest of a body counts. */
const digestParser: Parser<null> = {
  name: "nothing",
  maxBytes: 64 * 1024 * 1024,
  parse: () => null,
  sizeOf: () => 0,
};

/**
 * Fetches the signature of the next release, where that is a file of its own. A signature says nothing of what it signs
 * that could be checked here: it counts where it is not that of the adopted release, and the latest release is still
 * the next one after it was fetched. Throws `upstream_changed` where it does not count, and as the vault.
 */
export async function fetchSignature(
  artifacts: Artifacts,
  { path, adopted, next }: GenerationChange<Release>,
  vault: VaultReader,
): Promise<void> {
  if (splitPath(path).name !== "Release") return;
  const old = adopted && artifacts.signature(path, adopted.sha256);
  const signed = old !== null && vault.holds(old) ? (await vault.read(old, digestParser)).sha256 : null;
  const signature = await newestDigest(artifacts.signature(path, next.sha256), vault);
  if (signed !== null && (signature === null || signature === signed)) {
    throw new VaultError("upstream_changed", `"${path}.gpg" is not yet the signature of the new one`);
  }
  if (await newestDigest(artifacts.release(path, "latest"), vault) !== next.sha256) {
    throw new VaultError("upstream_changed", `"${path}" has changed again meanwhile`);
  }
}

/** Revalidates a cached copy; null where upstream has none, as in a repository that is unsigned. */
async function newestDigest(artifact: Artifact, vault: VaultReader): Promise<string | null> {
  try {
    return (await vault.read({ ...artifact, freshness: { kind: "ttl", ttlMs: 0 } }, digestParser)).sha256;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
