import type { Artifact, Freshness, Reading, Rendition, VaultReader } from "../artifact.ts";
import type { SimpleForm } from "./pypi_accept.ts";
import { documentOf, maxPageBytes } from "./pypi_files.ts";
import type { FoundList } from "./pypi_index_reader.ts";
import { headersOf, rendered, type RenderedPage } from "./pypi_pages.ts";
import { mergeProjectLists, parseProjectList, type ProjectList, renderProjectList } from "./pypi_project_list.ts";

/** How the list of an index's projects is read. */
const listReading: Reading<ProjectList> = {
  name: "pypi projects",
  maxBytes: maxPageBytes,
  make: async (body) => await parseProjectList(await documentOf(body)),
  weigh: ({ projects }) => projects.size * 200,
};

export interface ListWanted {
  readonly backend: string;
  readonly form: SimpleForm;
  readonly vault: VaultReader;
}

const held: Freshness = { kind: "immutable" };

/** The list that clients get of these, of which there is one at least. */
export async function showLists(lists: readonly FoundList[], wanted: ListWanted): Promise<Artifact | Rendition> {
  const [first, ...others] = lists as [FoundList, ...FoundList[]];
  const isWhole = others.length === 0 && first.index.permitsAll;
  if (isWhole && first.value && wanted.form.form === "json") return asItCame(first, wanted.form);
  const { value } = await wanted.vault.read({ ...first.artifact, freshness: held }, togetherReading(lists, wanted));
  return { ...value, source: first.source };
}

/** PyPI's is too large to be made anew, and has no links that would have to be. */
function asItCame({ artifact }: FoundList, form: SimpleForm): Artifact {
  const isValidator = (name: string) => name === "etag" || name === "last-modified";
  return {
    ...artifact,
    freshness: held,
    present: (headers) => [...headers.filter(([name]) => isValidator(name)), ...headersOf(form)],
  };
}

/** Made of the first, and of what the others are by now. */
function togetherReading(lists: readonly FoundList[], { backend, form, vault }: ListWanted): Reading<RenderedPage> {
  const read = async ({ artifact, index: { permits } }: FoundList) => {
    const { value } = await vault.read({ ...artifact, freshness: held }, listReading);
    return { list: value, permits };
  };
  return {
    name: JSON.stringify(["pypi projects together", backend, form.contentType, ...lists.map(({ sha256 }) => sha256)]),
    maxBytes: maxPageBytes,
    async make() {
      const merged = await mergeProjectLists(await Promise.all(lists.map(read)));
      return rendered(await renderProjectList(merged, form.form), form);
    },
    weigh: ({ bytes }) => bytes.byteLength,
  };
}
