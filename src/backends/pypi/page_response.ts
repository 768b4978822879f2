import type { CachingPolicy } from "../../artifact.ts";
import type { Resolved } from "../../backend.ts";
import type { Provenance } from "../../document.ts";
import { type HeaderList, headerOf } from "../../http/headers.ts";
import { madeArtifact, type RenderedDocument } from "../shared/made_document.ts";

/** A larger page is stored and streamed from its file: in memory, each slow client would have one. */
const largeBytes = 1024 * 1024;

export interface ShownAs {
  readonly backend: string;
  /** The key of the page's subject; a part that names its bytes is added. */
  readonly key: string;
  readonly policy: CachingPolicy;
  /** The headers for clients, besides its ETag. */
  readonly headers: HeaderList;
}

/** The answer with a generated page: from memory, or from a file where it is large. */
export function respondWithPage(page: RenderedDocument, source: Provenance, shown: ShownAs): Resolved {
  if (page.bytes.byteLength <= largeBytes) return { kind: "document", document: { ...page, source } };
  const etag = headerOf(page.headers, "etag")!.slice(1, -1);
  return madeArtifact({
    ...shown,
    key: `${shown.key};made=${etag}`,
    url: source.upstream,
    make: () => Promise.resolve(page),
  });
}
