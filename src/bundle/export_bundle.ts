import type { MemberSink } from "../archive/member_source.ts";
import type { ByteSink } from "../archive/byte_sink.ts";
import { carriedPins } from "./carried_pins.ts";
import { FsLayout } from "../store/fs_layout.ts";
import type { Entry } from "../store/store.ts";
import { type CarriedBackend, type Collected, collectFacts } from "./collect_facts.ts";
import { type Descriptor, type IndexDocument, maxChain } from "./index_document.ts";
import type { OnProgress } from "./progress.ts";
import { sha256Of } from "./shard.ts";
import type { PrivateKey } from "./signing_key.ts";
import type { Spool } from "./spool.ts";
import type { Summary } from "./summary.ts";
import { SummaryWriter } from "./summary_writer.ts";
import { writeBundle } from "./write_bundle.ts";

export interface ExportOptions {
  readonly cacheDir: string;
  readonly backends: readonly CarriedBackend[];
  selects(entry: Entry): boolean;
  readonly since: Summary | null;
  readonly key: PrivateKey | null;
  readonly spool: Spool;
  /** The version of the program. */
  readonly version: string;
  /** Opens what the bundle is written to, once it is known what is in it; null to write none. */
  readonly openSink: (() => MemberSink) | null;
  /** Opens what the summary is written to; null to write none. */
  readonly openSummary: (() => ByteSink) | null;
  /** Called once it is known what is in the bundle, and before anything of it is written. May throw. */
  readonly onCollected?: (collected: Collected) => void;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface Exported {
  readonly index: IndexDocument;
  readonly collected: Collected;
}

/** Writes what is selected of a cache directory into a bundle. Throws as `writeBundle`, and writes no bundle then. */
export async function exportBundle(options: ExportOptions): Promise<Exported> {
  const { cacheDir, backends, since, openSink, openSummary, onCollected, key, signal, onProgress } = options;
  const layout = new FsLayout(cacheDir);
  const link = { id: crypto.randomUUID(), created: new Date().toISOString() };
  const chain = since?.chain ?? [];
  const summary = openSummary && new SummaryWriter(openSummary(), [...chain, link]);
  try {
    if (since !== null && summary !== null) await summary.repeat(since, signal);
    const collected = await collectFacts({ ...options, layout, summary, isSigned: key !== null });
    const shards = collected.shards.map(({ manifest }) => manifest);
    onCollected?.(collected);
    const pins = carriedPins(cacheDir, backends.map(({ name }) => name));
    const { images } = collected;
    const dockerManifest = collected.dockerManifest === null ? null : pinned(collected.dockerManifest);
    const { version } = options;
    const index: IndexDocument = {
      ...link,
      version,
      chain: chain.slice(-maxChain),
      pins,
      images,
      shards,
      dockerManifest,
    };
    if (openSink !== null) await writeBundle(openSink(), { layout, index, collected, key, signal, onProgress });
    await summary?.finish();
    return { index, collected };
  } catch (error) {
    summary?.abort();
    throw error;
  }
}

function pinned(text: string): Descriptor {
  const bytes = new TextEncoder().encode(text);
  return { sha256: sha256Of(bytes), sizeBytes: bytes.byteLength };
}
