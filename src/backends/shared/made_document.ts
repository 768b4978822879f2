import type { Artifact, CachingPolicy } from "../../artifact.ts";
import type { ResolvedArtifact } from "../../backend.ts";
import type { HeaderList } from "../../http/headers.ts";

/** A document that the vault has generated, as clients get it. */
export interface RenderedDocument {
  /** With an `ETag`. */
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A document that the vault generates, and stores like a body of upstream's. */
export interface MadeDocument {
  readonly backend: string;
  /** Names what it is made of, and how: under one key it never changes. */
  readonly key: string;
  /** The URL of the document that it is made of. */
  readonly url: string;
  readonly policy: CachingPolicy;
  /** The headers for clients, besides its ETag. */
  readonly headers: HeaderList;
  /** Called once for all clients, and only where it is not cached. */
  make(): Promise<RenderedDocument>;
}

/**
 * The document as an artifact: it is made once, stored as a file and streamed from there, so that a large document
 * takes no memory for each client, however slowly it reads.
 */
export function madeArtifact({ backend, key, url, policy, headers, make }: MadeDocument): ResolvedArtifact {
  const artifact: Artifact = {
    backend,
    key,
    // It stands in for an upstream, which the vault asks when no copy is cached.
    candidates: [{ url, idleTimeoutMs: 60_000, fetch: async ({ method }) => responseOf(await make(), method) }],
    requestHeaders: [],
    freshness: { kind: "immutable" },
    // It needs no upstream: it is made offline as well.
    policy: { ...policy, offline: false },
    failover: "absence",
    identity: { kind: "unknown" },
    webPages: "allowed",
  };
  return {
    kind: "artifact",
    artifact,
    headers: (stored) => [...stored.filter(([name]) => name === "etag"), ...headers],
  };
}

const sliceBytes = 256 * 1024;

function responseOf({ bytes, headers }: RenderedDocument, method: string): Response {
  const etag = headers.find(([name]) => name === "etag")?.[1] ?? "";
  const sent = { etag, "content-length": String(bytes.byteLength) };
  return new Response(method === "HEAD" ? null : slicesOf(bytes), { headers: sent });
}

/** Slices as a network would bring them: to write and hash a large document in one go would block the thread. */
function slicesOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.byteLength) return controller.close();
      // A copy, since the reader of a chunk may transfer it.
      controller.enqueue(bytes.slice(start, start + sliceBytes));
      start += sliceBytes;
    },
  }, { highWaterMark: 0 });
}
