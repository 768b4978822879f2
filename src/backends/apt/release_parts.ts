import type { Artifact } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { isMissing, VaultError } from "../../errors.ts";
import type { AptArtifacts } from "./artifacts.ts";
import type { ReadAhead } from "./read_ahead.ts";
import { digestReading, type ReadRelease } from "./release_document.ts";
import { splitPath } from "./request.ts";

/** A release that is to take the place of the one that is held, if any is. */
export interface Change {
  /** The path of both, an InRelease or Release. */
  readonly path: string;
  readonly held: ReadRelease | null;
  readonly next: ReadRelease;
}

/** What the indexes of a release are fetched with. */
export interface IndexTools {
  readonly artifacts: AptArtifacts;
  readonly readAhead: ReadAhead;
}

/**
 * Gets what clients of the held release have asked for, as the next one lists it. Throws VaultError where upstream's
 * parts do not fit together, or are not available.
 */
export async function fetchIndexes(tools: IndexTools, change: Change, vault: VaultReader): Promise<void> {
  if (isOlder(change)) throw new VaultError("upstream_changed", "it is older than the cached one");
  await Promise.all(changedIndexes(tools, change, vault).map((index) => fetchFromAny(index, vault)));
}

/** Where the first mirror is down, another may be behind. */
function isOlder({ held, next }: Change): boolean {
  const [before, after] = [held?.value.release.dateMs ?? null, next.value.release.dateMs];
  return before !== null && after !== null && after < before;
}

/** What is held of the indexes of the old release has been asked for, by whatever path, or was fetched ahead itself. */
function changedIndexes(
  { artifacts, readAhead }: IndexTools,
  { path, held, next }: Change,
  vault: VaultReader,
): Artifact[] {
  if (held === null) return [];
  const suite = splitPath(path).folder;
  const [old, release] = [held.value.release, next.value.release];
  return [...old.files.keys()]
    .filter((listed) => release.files.has(listed) && vault.holds(artifacts.index(suite, old, listed)))
    .map((listed) => ({ path: `${suite}/${listed}`, index: artifacts.index(suite, release, listed) }))
    .filter(({ path, index }) => !vault.holds(index) && readAhead.wants(path))
    .map(({ path, index }) => {
      readAhead.fetched(path);
      return index;
    });
}

/** Wrong bytes may be those of one mirror only; whoever sent them is asked last the next time. */
async function fetchFromAny(artifact: Artifact, vault: VaultReader): Promise<void> {
  for (let left = artifact.candidates.length - 1;; left--) {
    try {
      return await vault.fetch(artifact);
    } catch (error) {
      if (left === 0 || !(error instanceof VaultError) || error.code !== "digest_mismatch") throw error;
    }
  }
}

/**
 * Gets the signature of the next release, where that is a file of its own. It says nothing of what it signs that could
 * be checked here: it counts where it is not that of the old one, and the release is still the same after it was
 * fetched. Throws as `fetchIndexes`.
 */
export async function fetchSignature(artifacts: AptArtifacts, change: Change, vault: VaultReader): Promise<void> {
  const { path, held, next } = change;
  if (splitPath(path).name !== "Release") return;
  const old = held && artifacts.signature(path, held.sha256);
  const signed = old !== null && vault.holds(old) ? (await vault.read(old, digestReading)).sha256 : null;
  const signature = await newestDigest(artifacts.signature(path, next.sha256), vault);
  if (signed !== null && (signature === null || signature === signed)) {
    throw new VaultError("upstream_changed", `"${path}.gpg" is not yet the signature of the new one`);
  }
  if (await newestDigest(artifacts.release(path, "latest"), vault) !== next.sha256) {
    throw new VaultError("upstream_changed", `"${path}" has changed again meanwhile`);
  }
}

/** Asks upstream whether a held copy is still right; null where there is nothing, as in a repository that is unsigned. */
async function newestDigest(artifact: Artifact, vault: VaultReader): Promise<string | null> {
  try {
    return (await vault.read({ ...artifact, freshness: { kind: "ttl", ttlMs: 0 } }, digestReading)).sha256;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
