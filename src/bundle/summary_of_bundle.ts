import type { MemberSource } from "../archive/member_source.ts";
import { formatFact } from "./fact.ts";
import type { IndexDocument } from "./index_document.ts";
import { readShards } from "./read_bundle.ts";
import { sha256Of } from "./shard.ts";
import { Summary } from "./summary.ts";

/**
 * Sums up a bundle, of which the head has been read: what the other side has of it once that has imported it. Of a
 * bundle that follows others, what those have is not in it. Throws as `readShards`.
 */
export async function summaryOfBundle(source: MemberSource, index: IndexDocument): Promise<Summary> {
  const { id, created } = index;
  const summary = new Summary([{ id, created }]);
  for await (const { facts } of readShards(source, index)) {
    for (const { entry, bodyIn } of facts) {
      if (bodyIn !== null) continue;
      summary.addBody({ sha256: entry.sha256, backend: entry.backend, link: 0 });
      summary.addFact(sha256Of(new TextEncoder().encode(formatFact({ entry, bodyIn }))));
    }
  }
  return summary;
}
