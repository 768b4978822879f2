import type { ByteSink } from "../archive/byte_sink.ts";
import type { MemberSource } from "../archive/member_source.ts";
import { Breather } from "./breather.ts";
import { formatFact } from "./fact.ts";
import type { IndexDocument } from "./index_document.ts";
import { OwnedBodies } from "./owned_bodies.ts";
import { readShards } from "./read_bundle.ts";
import { sha256Of } from "./shard.ts";
import { SummaryWriter } from "./summary_writer.ts";

/**
 * Sums up a bundle, of which the head has been read: writes what the other side has of it once that has imported it. Of
 * a bundle that follows others, what those have is not in it. Throws as `readShards`.
 */
export async function writeSummaryOf(
  source: MemberSource,
  index: IndexDocument,
  { sink, signal }: { readonly sink: ByteSink; readonly signal: AbortSignal },
): Promise<void> {
  const breather = new Breather(signal);
  const { id, created } = index;
  const summary = new SummaryWriter(sink, [{ id, created }]);
  const bodies = new OwnedBodies();
  for await (const { facts } of readShards(source, index)) {
    for (const { entry, bodyIn } of facts) {
      await breather.breathe();
      if (bodyIn !== null) continue;
      const { sha256, backend } = entry;
      if (bodies.add(sha256, backend) !== "nothing") await summary.body({ sha256, backend });
      await summary.fact(sha256Of(new TextEncoder().encode(formatFact({ entry, bodyIn }))));
    }
  }
  await summary.finish();
}
