import type { Artifact, CachingPolicy } from "../../artifact.ts";
import type { ResolvedArtifact } from "../../backend.ts";
import type { HeaderList } from "../../http/headers.ts";

/** A document of the vault's own making, as clients get it. */
export interface RenderedDocument {
  /** Its `ETag` among them. */
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A document of our own that is kept like a body of upstream's. */
export interface MadeDocument {
  readonly backend: string;
  /** Names what it is made of and how, so that it never changes. */
  readonly key: string;
  /** Where what it is made of came from. */
  readonly url: string;
  readonly policy: CachingPolicy;
  /** What clients are told, besides its ETag. */
  readonly headers: HeaderList;
  /** Called once for all who ask, and only where it is not held. */
  make(): Promise<RenderedDocument>;
}

/**
 * The document as an artifact: it is made once, stored as a file and streamed from there, so that large documents take
 * no memory for each client, however slowly it reads.
 */
export function madeArtifact({ backend, key, url, policy, headers, make }: MadeDocument): ResolvedArtifact {
  const artifact: Artifact = {
    backend,
    key,
    // It stands for an upstream, which the vault asks when it holds no copy.
    candidates: [{ url, idleTimeoutMs: 60_000, fetch: async ({ method }) => responseOf(await make(), method) }],
    requestHeaders: [],
    freshness: { kind: "immutable" },
    // No upstream is asked for it: offline it is made as well.
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

/** As a network would bring them: to write and hash all of a large document at once would hold everybody up. */
function slicesOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.byteLength) return controller.close();
      // A copy, since whoever gets a chunk may give it away.
      controller.enqueue(bytes.slice(start, start + sliceBytes));
      start += sliceBytes;
    },
  }, { highWaterMark: 0 });
}
