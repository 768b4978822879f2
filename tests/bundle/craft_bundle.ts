import { createFileSink } from "../../src/archive/file_sink.ts";
import { TarWriter } from "../../src/archive/tar_writer.ts";
import { blobName, emptyConfig } from "../../src/bundle/blob_name.ts";
import { formatIndex, type IndexDocument, layoutText } from "../../src/bundle/index_document.ts";
import { ShardBuilder } from "../../src/bundle/shard.ts";
import { headNames } from "../../src/bundle/write_bundle.ts";
import type { Entry } from "../../src/store/store.ts";
import { sha256Of } from "../support/store_fixture.ts";

/** An entry of a bundle that nobody exported. */
export interface CraftedFact {
  readonly key: string;
  /** Its bytes; the key when absent. */
  readonly body?: string;
  /** The id of the bundle that has the body; it is in this one when absent. */
  readonly bodyIn?: string;
  readonly entry?: Partial<Entry>;
}

export interface CraftedShard {
  readonly backend?: string;
  readonly type?: string;
  readonly number?: number;
  readonly facts: readonly CraftedFact[];
}

/** Writes a bundle as somebody might who means harm: well-formed, with whatever is asked for in it. */
export async function craftBundle(
  path: string,
  shards: readonly CraftedShard[],
  index: Partial<IndexDocument> = {},
): Promise<void> {
  const bodies = new Map<string, Uint8Array<ArrayBuffer>>();
  const built = shards.map(({ backend = "files", type = "http", number = 1, facts }) => {
    const configuration = { type, name: backend, config: {} };
    const builder = new ShardBuilder({ backend, type, configuration, number });
    for (const fact of facts) {
      const bytes = new TextEncoder().encode(fact.body ?? fact.key);
      const entry = { ...entryOf(fact, { backend, bytes }), ...fact.entry };
      builder.add({ entry, bodyIn: fact.bodyIn ?? null });
      if (fact.bodyIn === undefined) bodies.set(sha256Of(bytes), bytes);
    }
    return builder.build();
  });
  const pinned = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), sizeBytes: bytes.byteLength });
  const text = formatIndex({
    ...{ id: crypto.randomUUID(), created: new Date().toISOString(), version: "1" },
    ...{ chain: [], pins: [], images: [], dockerManifest: null },
    shards: built.map(({ manifest }) => pinned(manifest)),
    ...index,
  });
  const tar = new TarWriter(createFileSink(path));
  const put = async (name: string, bytes: Uint8Array) => {
    await tar.begin(name, bytes.byteLength);
    await tar.write(bytes);
    await tar.end();
  };
  await put(headNames.layout, new TextEncoder().encode(layoutText));
  await put(headNames.index, new TextEncoder().encode(text));
  for (const bytes of [emptyConfig.bytes, ...built.flatMap(({ manifest, facts }) => [manifest, facts])]) {
    await put(blobName(sha256Of(bytes)), bytes);
  }
  for (const [sha256, bytes] of bodies) await put(blobName(sha256), bytes);
  await tar.finish();
}

function entryOf({ key }: CraftedFact, { backend, bytes }: { backend: string; bytes: Uint8Array }): Entry {
  const now = Date.now();
  return {
    ...{ backend, key, sha256: sha256Of(bytes), sizeBytes: bytes.byteLength, headers: [] },
    ...{ url: "https://files.example.com/x", storedAt: now, validatedAt: now, generatedAt: now, freshUntil: now },
    selectedBy: [],
  };
}
