// Hashes growing files on a thread of its own, by reading what has been written to them.
import { type DigestAlgorithm, Hasher } from "../digest.ts";

/** What the worker is told; `id` names one body. */
export type HashRequest =
  | { id: number; kind: "open"; path: string; algorithms: DigestAlgorithm[] }
  | { id: number; kind: "update"; chunk: Uint8Array }
  | { id: number; kind: "advance"; toBytes: number }
  | { id: number; kind: "digests" }
  | { id: number; kind: "close" };

/** What it answers to `digests`. */
export type HashReply =
  | { id: number; bytes: number; digests: ReturnType<Hasher["digests"]>; error?: undefined }
  | { id: number; error: string };

interface Following {
  readonly file: Deno.FsFile | null;
  readonly hasher: Hasher;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<HashRequest>) => void;
  postMessage(reply: HashReply): void;
};
const following = new Map<number, Following>();
const failures = new Map<number, string>();
const buffer = new Uint8Array(1024 * 1024);

scope.onmessage = ({ data: request }) => {
  try {
    handle(request);
  } catch (error) {
    failures.set(request.id, error instanceof Error ? error.message : String(error));
    if (request.kind === "digests") scope.postMessage({ id: request.id, error: failures.get(request.id)! });
  }
};

function handle(request: HashRequest): void {
  const { id } = request;
  if (request.kind === "open") {
    following.set(id, { file: Deno.openSync(request.path), hasher: new Hasher(request.algorithms) });
    return;
  }
  const failure = failures.get(id);
  if (request.kind === "close") {
    following.get(id)?.file?.close();
    following.delete(id);
    failures.delete(id);
    return;
  }
  if (failure !== undefined) throw new Error(failure);
  const { file, hasher } = following.get(id)!;
  if (request.kind === "update") hasher.update(request.chunk);
  else if (request.kind === "advance") advance(file!, hasher, request.toBytes);
  else scope.postMessage({ id, bytes: hasher.bytes, digests: hasher.digests() });
}

function advance(file: Deno.FsFile, hasher: Hasher, toBytes: number): void {
  while (hasher.bytes < toBytes) {
    const read = file.readSync(buffer.subarray(0, Math.min(buffer.byteLength, toBytes - hasher.bytes)));
    if (read === null) throw new Error(`the staged file ends at ${hasher.bytes} of ${toBytes} bytes`);
    hasher.update(buffer.subarray(0, read));
  }
}
