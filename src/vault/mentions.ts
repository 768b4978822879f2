import type { Artifact } from "../artifact.ts";
import { messageOf } from "../errors.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Log } from "../observe/log.ts";
import type { Entry, Store } from "../store/store.ts";
import { streamOf } from "./chunks.ts";
import { FileChunks } from "./file_chunks.ts";

/**
 * Larger bodies are not looked into; registries take manifests of 4 MiB at most (distribution-spec, "Pushing
 * Manifests").
 */
const maxDocumentBytes = 4 * 1024 * 1024;

/** A whole and checked body that may be looked into. */
export interface Document {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headers: HeaderList;
  /** Where it came from, without credentials. */
  readonly url: string;
  /** Null where it is gone. */
  read(): Promise<Uint8Array<ArrayBuffer>> | null;
}

export interface MentionDeps {
  readonly store: Store;
  readonly log: Log;
}

/**
 * Claims what a document mentions, where nothing is known of it yet. Never throws: what is not claimed is asked for.
 */
export async function recordMentions(artifact: Artifact, document: Document, deps: MentionDeps): Promise<void> {
  if (!artifact.mentions || document.sizeBytes > maxDocumentBytes) return;
  const { store, log } = deps;
  const { sha256, headers, url } = document;
  const now = Date.now();
  const common = { storedAt: now, validatedAt: now, generatedAt: now, freshUntil: 0, selectedBy: [], url };
  try {
    const bytes = await document.read();
    for (const mention of bytes ? artifact.mentions({ bytes, sha256, headers }) : []) {
      if (store.find({ ...artifact, key: mention.key }) !== null) continue;
      await store.renew({ ...common, ...mention, backend: artifact.backend, claimed: true });
    }
  } catch (error) {
    log.warning(`Cannot note what ${artifact.backend} ${artifact.key} mentions: ${messageOf(error)}`);
  }
}

/** The same for a document that is in the store. */
export function recordMentionsOf(entry: Entry, artifact: Artifact, deps: MentionDeps): Promise<void> {
  return recordMentions(artifact, { ...entry, read: () => readStored(entry, deps.store) }, deps);
}

function readStored(entry: Entry, store: Store): Promise<Uint8Array<ArrayBuffer>> | null {
  const body = store.openBody(entry);
  if (body === null) return null;
  return body.kind === "bytes"
    ? Promise.resolve(body.bytes)
    : new Response(streamOf(new FileChunks(body.file, 0, entry.sizeBytes))).bytes();
}
