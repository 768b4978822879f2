import type { BodyView, ViewedRange } from "../backend.ts";
import { VaultError } from "../errors.ts";
import { type ByteRange, type RangeSpec, resolveRange } from "../http/range.ts";
import type { ChunkReader, OpenedArtifact } from "../vault/vault.ts";
import { Interleaved } from "./interleaved.ts";
import { noChunks } from "./reply.ts";

/** Opens a view of an opened body, which it takes over. Throws `upstream_changed` where that has another size. */
export function openView(opened: OpenedArtifact, view: BodyView): OpenedArtifact {
  const { sizeBytes, bodyBytes } = view;
  if (opened.sizeBytes !== bodyBytes) {
    opened.close();
    const message = `Upstream has ${opened.sizeBytes ?? "an unknown number of"} bytes in place of ${bodyBytes}`;
    throw new VaultError("upstream_changed", message);
  }
  const chunks = (...ranges: readonly ByteRange[]) => {
    const wanted = ranges.length > 0 ? ranges : [{ start: 0, end: sizeBytes }];
    return viewed(opened, wanted.map((range) => view.over(range)));
  };
  const stream = () => {
    throw new Error("A view is not kept: it is not streamed");
  };
  return { ...opened, sizeBytes, bytes: null, chunks, stream };
}

/** Returns the range of the body that a range of its view needs, for the vault to begin there. */
export function rangeBehind(spec: RangeSpec, view: BodyView): RangeSpec | undefined {
  const range = resolveRange(spec, view.sizeBytes);
  if (range === null) return undefined;
  const { body } = view.over(range);
  return body.end > body.start ? { kind: "from", first: body.start, last: body.end - 1 } : undefined;
}

function viewed(opened: OpenedArtifact, ranges: readonly ViewedRange[]): ChunkReader {
  // As if the rest were wanted, too: what may complete the body for a client comes once it has been checked.
  const bodies = ranges.map(({ body }) => ({ ...body, openEnded: true })).filter(({ start, end }) => end > start);
  if (bodies.length > 0) return new Interleaved(opened.chunks(...bodies), partsOf(ranges));
  opened.close();
  return new Interleaved(noChunks, partsOf(ranges));
}

function* partsOf(ranges: readonly ViewedRange[]) {
  for (const { parts } of ranges) yield* parts;
}
