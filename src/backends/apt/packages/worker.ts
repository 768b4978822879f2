// Unpacks and reads one index of packages on a thread of its own, chunk by chunk as it asks for them.
import { messageOf } from "../../../errors.ts";
import { readIndex } from "./index_parser.ts";
import type { PackageColumns } from "./table.ts";
import type { Compression } from "./unpack.ts";

/** What the worker is told: `open` first, then a chunk for each `more`; null after the last. */
export type PackagesRequest =
  | { readonly kind: "open"; readonly compression: Compression }
  | { readonly kind: "chunk"; readonly chunk: Uint8Array<ArrayBuffer> | null };

/** What it says; nothing more after `table` or `failed`. */
export type PackagesReply =
  | { readonly kind: "more" }
  | { readonly kind: "table"; readonly columns: PackageColumns }
  | { readonly kind: "failed"; readonly reason: string };

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<PackagesRequest>) => void;
  postMessage(reply: PackagesReply, transfer?: Transferable[]): void;
};
/** Large chunks are unpacked in pieces, each of which may become some thousand times as large. */
const pieceBytes = 4 * 1024;
/** No index has as much: Debian's largest has some 60 MB. */
const maxUnpackedBytes = 512 * 1024 * 1024;
let onChunk: (chunk: Uint8Array<ArrayBuffer> | null) => void;

scope.onmessage = ({ data: request }) => {
  if (request.kind === "chunk") return onChunk(request.chunk);
  sendTable(request.compression).catch((error) => {
    scope.postMessage({ kind: "failed", reason: messageOf(error) });
  });
};

async function sendTable(compression: Compression): Promise<void> {
  const columns = await readIndex(chunks(), compression, maxUnpackedBytes);
  scope.postMessage({ kind: "table", columns }, [columns.keys.buffer, columns.digests.buffer]);
}

/** What is handed over, one chunk asked for at a time. */
function chunks(): Bytes {
  let rest = new Uint8Array();
  return new ReadableStream({
    async pull(controller) {
      while (rest.length === 0) {
        const chunk = await nextChunk();
        if (chunk === null) return controller.close();
        rest = chunk;
      }
      controller.enqueue(rest.subarray(0, pieceBytes));
      rest = rest.subarray(pieceBytes);
    },
  }, { highWaterMark: 0 });
}

function nextChunk(): Promise<Uint8Array<ArrayBuffer> | null> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer> | null>();
  onChunk = resolve;
  scope.postMessage({ kind: "more" });
  return promise;
}
