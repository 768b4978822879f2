import type { CachingPolicy } from "../../artifact.ts";
import type { Resolved } from "../../backend.ts";
import type { Provenance } from "../../document.ts";
import { type HeaderList, headerOf } from "../../http/headers.ts";
import { madeArtifact, type RenderedDocument } from "../shared/made_document.ts";

/** A larger page is stored as a file and streamed from there: in memory each client that reads slowly holds one. */
const largeBytes = 1024 * 1024;

export interface ShownAs {
  readonly backend: string;
  /** The key of the page's subject; a part that names its bytes is added. */
  readonly key: string;
  readonly policy: CachingPolicy;
  /** The headers for clients, besides its ETag. */
  readonly headers: HeaderList;
}

/** A page that has been made, in the way that suits its size. */
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
