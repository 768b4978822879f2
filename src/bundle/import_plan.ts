import type { MemberSource } from "../archive/member_source.ts";
import type { Carrying } from "../carrying.ts";
import { VaultError } from "../errors.ts";
import { DigestSet } from "../store/digest_set.ts";
import { NumberColumn } from "../store/number_column.ts";
import { emptyConfig } from "./blob_name.ts";
import { BodyList } from "./body_list.ts";
import { Breather } from "./breather.ts";
import { type Fact, hasNamedBody } from "./fact.ts";
import type { Descriptor, IndexDocument } from "./index_document.ts";
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
  const facts = spool.file("facts");
  const shards: SpooledShard[] = [];
  const unserved = new Map<string, { header: ShardHeader; entries: number }>();
  const seen = new DigestSet({ isBrief: true });
  const sizes = new NumberColumn();
  const unwanted = new DigestSet({ isBrief: true });
  const wanted = new DigestSet({ isBrief: true });
  let wantsEmpty = false;
  const breather = new Breather(signal);
  const addBodies = (shard: ReadShard, isWanted: boolean) => {
    for (const { sha256, sizeBytes } of shard.facts.filter(isHere).map(({ entry }) => entry)) {
      if (sha256 === emptyConfig.sha256) {
        checkSize(sha256, sizeBytes, emptyConfig.bytes.byteLength);
        wantsEmpty ||= isWanted;
      } else if (seen.add(sha256)) {
        bodies.add({ sha256, sizeBytes });
        sizes.set(seen.size - 1, sizeBytes);
        if (!isWanted) unwanted.add(sha256);
      } else checkSize(sha256, sizeBytes, sizes.get(seen.indexOf(sha256)));
      // A body of a backend that is not served may be one of another that is.
      if (isWanted && unwanted.size > 0 && unwanted.has(sha256)) wanted.add(sha256);
    }
  };
  const images = new Set(index.images.map(nameOf));
  for await (const shard of readShards(source, index)) {
    if (images.size > 0) shard.facts.forEach(({ entry }) => images.delete(nameOf(entry)));
    await breather.breathe();
    const { header, bytes } = shard;
    const isWanted = backendFor(header.backend)?.serves(header.type) ?? false;
    checkKeys(shard, carryingOfType(header.type));
    addBodies(shard, isWanted);
    if (isWanted) {
      shards.push({ header, offset: facts.sizeBytes, sizeBytes: bytes.byteLength });
      facts.append(bytes);
    } else {
      const known = unserved.get(header.backend) ?? { header, entries: 0 };
      unserved.set(header.backend, { header, entries: known.entries + shard.facts.length });
    }
  }
  if (images.size > 0) throw new VaultError("bundle_wrong", "index.json has images that none of its entries has");
  return { bodies, wants: choiceOf(unwanted, wanted), shards, facts, unserved: [...unserved.values()], wantsEmpty };
}

/** A function of its own, so that what was needed for the plan is not kept with it. */
function choiceOf(unwanted: DigestSet, wanted: DigestSet): ImportPlan["wants"] {
  return (sha256) => unwanted.size === 0 || !unwanted.has(sha256) || wanted.has(sha256);
}

/** Throws `bundle_wrong` for a key that names another body than its own. */
function checkKeys({ facts }: ReadShard, carrying: ReturnType<CarryingOfType>): void {
  const wrong = facts.find(({ entry }) => !hasNamedBody(entry, carrying.digestOf?.(entry) ?? null))?.entry;
  if (wrong === undefined) return;
  throw new VaultError("bundle_wrong", `under ${JSON.stringify(wrong.key)} it has the body ${wrong.sha256}`);
}

/** Throws `bundle_wrong` for a body that has two sizes. */
function checkSize(sha256: string, sizeBytes: number, known: number): void {
  if (sizeBytes === known) return;
  throw new VaultError("bundle_wrong", `it lists the body sha256:${sha256} with ${known} and with ${sizeBytes} bytes`);
}

function nameOf({ sha256, sizeBytes }: Descriptor): string {
  return `${sha256} ${sizeBytes}`;
}

function isHere({ bodyIn }: Fact): boolean {
  return bodyIn === null;
}
