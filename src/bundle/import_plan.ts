import type { MemberSource } from "../archive/member_source.ts";
import type { Carrying } from "../carrying.ts";
import { VaultError } from "../errors.ts";
import { BodyList } from "./body_list.ts";
import { Breather } from "./breather.ts";
import { type Fact, hasNamedBody } from "./fact.ts";
import type { Descriptor, IndexDocument } from "./index_document.ts";
import { PlannedBodies } from "./planned_bodies.ts";
import { type ReadShard, readShards } from "./read_bundle.ts";
import type { Spool, SpoolFile } from "./spool.ts";
import type { ServedBackend } from "./served_backend.ts";
import type { ShardHeader } from "./shard.ts";

/** The place of a shard's facts in a spool. */
export interface SpooledShard {
  readonly header: ShardHeader;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What a bundle says that is in it. */
export interface ImportPlan {
  /** All bodies, in the order in which they come. */
  readonly bodies: BodyList;
  /** Says which of them are for backends that are served. */
  readonly wants: (sha256: string) => boolean;
  /** Says of a fact whether its body is one of them, if only for another backend. */
  readonly names: (fact: Fact) => boolean;
  /** The facts about backends that are served. */
  readonly shards: readonly SpooledShard[];
  readonly facts: SpoolFile;
  /** The backends that are not served, each with the number of its entries. */
  readonly unserved: readonly { readonly header: ShardHeader; readonly entries: number }[];
  /** True where an entry has the empty configuration as its body. */
  readonly wantsEmpty: boolean;
}

/** Says what is known of entries of a type of backend, the word after `type:`. */
export type CarryingOfType = (type: string) => Pick<Carrying, "digestOf">;

export interface PlanOptions {
  readonly spool: Spool;
  /** The backend that serves what the bundle has of a backend of this name; null for none. */
  readonly backendFor: (name: string) => Pick<ServedBackend, "serves"> | null;
  readonly carryingOfType: CarryingOfType;
  readonly signal?: AbortSignal | undefined;
}

/** Reads all facts of a bundle into a spool. Throws as `readShards`, and `storage_failed` where they fill the disk. */
export async function planImport(
  source: MemberSource,
  index: IndexDocument,
  { spool, backendFor, carryingOfType, signal }: PlanOptions,
): Promise<ImportPlan> {
  // What is known of an entry is longer than its line in a manifest.
  spool.checkRoom(index.shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const bodies = new BodyList(spool.file("bodies"));
  const planned = new PlannedBodies(bodies);
  const facts = spool.file("facts");
  const shards: SpooledShard[] = [];
  const unserved = new Map<string, { header: ShardHeader; entries: number }>();
  const breather = new Breather(signal);
  const images = new Set(index.images.map(nameOf));
  for await (const shard of readShards(source, index)) {
    if (images.size > 0) shard.facts.forEach(({ entry }) => images.delete(nameOf(entry)));
    await breather.breathe();
    const { header, bytes } = shard;
    const isWanted = backendFor(header.backend)?.serves(header.type) ?? false;
    checkKeys(shard, carryingOfType(header.type));
    for (const fact of shard.facts) planned.add(fact, { isWanted });
    if (isWanted) {
      shards.push({ header, offset: facts.sizeBytes, sizeBytes: bytes.byteLength });
      facts.append(bytes);
    } else {
      const known = unserved.get(header.backend) ?? { header, entries: 0 };
      unserved.set(header.backend, { header, entries: known.entries + shard.facts.length });
    }
  }
  if (images.size > 0) throw new VaultError("bundle_wrong", "index.json has images that none of its entries has");
  const { wantsEmpty } = planned;
  const about = { wants: planned.wants(), names: planned.names(), wantsEmpty };
  return { bodies, ...about, shards, facts, unserved: [...unserved.values()] };
}

/** Throws `bundle_wrong` for a key that names another body than its own. */
function checkKeys({ facts }: ReadShard, carrying: ReturnType<CarryingOfType>): void {
  const wrong = facts.find(({ entry }) => !hasNamedBody(entry, carrying.digestOf?.(entry) ?? null))?.entry;
  if (wrong === undefined) return;
  throw new VaultError("bundle_wrong", `under ${JSON.stringify(wrong.key)} it has the body ${wrong.sha256}`);
}

function nameOf({ sha256, sizeBytes }: Descriptor): string {
  return `${sha256} ${sizeBytes}`;
}
