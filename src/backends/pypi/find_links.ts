import type { Artifact, Candidate } from "../../artifact.ts";
import type { Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import type { IndexLane } from "./tasks.ts";
import type { LinksMade } from "./find_links_work.ts";
import type { RenderedDocument } from "../shared/made_document.ts";
import { maxPageBytes } from "./index_document.ts";

export interface LinksRequest {
  /** The page that lists files of many projects. */
  readonly links: Artifact;
  /** Normalised; null for the list of all projects. */
  readonly project: string | null;
  /** The URL that the generated document has. */
  readonly url: string;
  readonly lane: IndexLane;
  readonly vault: VaultReader;
}

/**
 * Returns a candidate in place of an index that is only one page of links (pip's `--find-links`): it answers with the
 * document that an index would have at `url`, generated from that page. The page is read first, so that no request
 * waits for it while it has a place at the host.
 */
export async function candidateFromLinks(request: LinksRequest): Promise<Candidate> {
  const { url, links, vault } = request;
  const parser = parserOf(request);
  const read = await vault.read({ ...links, document: { check: parser } }, parser).catch((error) => {
    if (error instanceof VaultError) return error;
    throw error;
  });
  return {
    url,
    idleTimeoutMs: 60_000,
    fetch: ({ method, headers }) => {
      if (read instanceof VaultError) return Promise.reject(read);
      return Promise.resolve(responseOf(read.value.page, method, headers.get("if-none-match")));
    },
  };
}

function parserOf({ project, lane, links: { backend } }: LinksRequest): Parser<LinksMade> {
  return {
    name: JSON.stringify(["pypi links", backend, project]),
    maxBytes: maxPageBytes,
    parse: (body) => lane.run({ name: "makeFromLinks", bodies: [body], options: { project } }),
    sizeOf: ({ page }) => page?.bytes.byteLength ?? 0,
  };
}

function responseOf(page: RenderedDocument | null, method: string, known: string | null): Response {
  if (page === null) return new Response(null, { status: 404 });
  const headers = new Headers(page.headers.map(([name, value]): [string, string] => [name, value]));
  if (known !== null && known === headers.get("etag")) return new Response(null, { status: 304, headers });
  return new Response(method === "HEAD" ? null : page.bytes, { headers });
}
