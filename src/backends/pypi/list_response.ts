import { createHash } from "node:crypto";
import type { CachingPolicy, Freshness } from "../../artifact.ts";
import type { ResolvedArtifact } from "../../backend.ts";
import type { Parser, ReadableBody } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import type { IndexLane } from "./tasks.ts";
import { madeArtifact, type RenderedDocument } from "../shared/made_document.ts";
import type { PageFormat } from "./page_format.ts";
import type { FoundList } from "./index_reader.ts";
import { headersOf } from "./page_work.ts";
import { maxPageBytes } from "./index_document.ts";

export interface ListWanted {
  readonly backend: string;
  readonly form: PageFormat;
  readonly policy: CachingPolicy;
  readonly lane: IndexLane;
  readonly vault: VaultReader;
}

const ofAnyAge: Freshness = { kind: "immutable" };

/** The answer with the list of all these indexes; there is at least one. */
export function respondWithLists(lists: readonly FoundList[], wanted: ListWanted): ResolvedArtifact {
  const [first, ...others] = lists as [FoundList, ...FoundList[]];
  const { backend, form, policy } = wanted;
  const isWhole = others.length === 0 && first.index.permitsAll;
  if (isWhole && first.value && form.form === "json") return passThrough(first, form);
  const parts = lists.map(({ sha256, index: { url, globs } }) => ({ sha256, url, globs }));
  const made = createHash("sha256").update(JSON.stringify([form.contentType, parts])).digest("hex");
  return madeArtifact({
    backend,
    key: `/simple/;made=${made}`,
    url: first.source.upstream,
    policy,
    headers: headersOf(form),
    make: () => makeLists(lists, wanted),
  });
}

/** The list as the index sent it: PyPI's is too large to be made anew, and has no links to rewrite. */
function passThrough({ artifact }: FoundList, form: PageFormat): ResolvedArtifact {
  const isValidator = (name: string) => name === "etag" || name === "last-modified";
  return {
    kind: "artifact",
    artifact: { ...artifact, freshness: ofAnyAge },
    headers: (stored) => [...stored.filter(([name]) => isValidator(name)), ...headersOf(form)],
  };
}

/**
 * Makes the lists from the cached list of each index; one that has changed meanwhile is newer than its name, which does
 * no harm. A body can only be read while it is parsed, so the parsers are nested.
 */
async function makeLists(
  lists: readonly FoundList[],
  wanted: ListWanted,
  bodies: readonly ReadableBody[] = [],
): Promise<RenderedDocument> {
  const { form, lane, vault } = wanted;
  const next = lists[bodies.length];
  const globs = lists.map(({ index }) => index.globs);
  if (next === undefined) return await lane.run({ name: "makeLists", bodies, options: { globs, form } });
  const parser: Parser<RenderedDocument> = {
    name: JSON.stringify(["pypi projects", form.contentType, bodies.length, ...lists.map(({ sha256 }) => sha256)]),
    maxBytes: maxPageBytes,
    parse: (body) => makeLists(lists, wanted, [...bodies, body]),
    sizeOf: ({ bytes }) => bytes.byteLength,
  };
  return (await vault.read({ ...next.artifact, freshness: ofAnyAge }, parser)).value;
}
