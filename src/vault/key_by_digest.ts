import type { Artifact } from "../artifact.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { Entry, Store } from "../store/store.ts";

export interface KeyByDigestDeps {
  readonly store: Store;
  readonly log: Log;
}

/**
 * Notes that the bytes of a document are there by their digest as well, where nothing is known under that key. Never
 * throws: what is not noted is asked for.
 */
export async function recordKeyByDigest(
  artifact: Artifact,
  { sha256, sizeBytes, headers, url }: Pick<Entry, "sha256" | "sizeBytes" | "headers" | "url">,
  { store, log }: KeyByDigestDeps,
): Promise<void> {
  const { backend } = artifact;
  const key = artifact.document?.keyByDigest?.(sha256);
  if (key === undefined || key === artifact.key || store.find({ ...artifact, key }) !== null) return;
  const now = Date.now();
  const times = { storedAt: now, validatedAt: now, generatedAt: now, freshUntil: 0 };
  const entry = { backend, key, sha256, sizeBytes, selectedBy: [], url, claimed: true } as const;
  try {
    await store.putEntry({ ...times, ...entry, headers: headers.filter(([name]) => name === "content-type") });
  } catch (error) {
    log.warning(`Cannot store ${backend} ${artifact.key} by its digest: ${messageOf(error)}`);
  }
}

/**
 * Says whether an entry was written before its body came, on a word that only its own upstream may give. Earlier
 * versions believed the layers that manifests list, and have left such entries.
 */
export function isUnfounded({ claimed }: Entry, { document, identity }: Artifact): boolean {
  return claimed === true && document?.keyByDigest === undefined && identity.kind !== "announced";
}

/**
 * The entry with the media type that its document says it has; the document is small and here, or it stays as it is.
 */
export function describedByItself({ document }: Pick<Artifact, "document">, entry: Entry, store: Store): Entry {
  if (!document?.mediaTypeOf) return entry;
  const body = store.openBody(entry);
  if (body?.kind !== "bytes") {
    body?.file.close();
    return entry;
  }
  const mediaType = document.mediaTypeOf(body.bytes);
  if (mediaType === null) return entry;
  const others = entry.headers.filter(([name]) => name !== "content-type");
  return { ...entry, headers: [...others, ["content-type", mediaType]] };
}
