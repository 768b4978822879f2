import { asJsonObject } from "../../http/json.ts";
import { formatHash } from "./hashes.ts";
import { fragmentOf } from "./links.ts";
import { formatMarkup } from "./markup.ts";
import type { PageFile, PageSource, ProjectPage } from "./page.ts";

type Meta = readonly (readonly [name: string, content: string])[];

/** Prints the page as HTML; a file's link has its hash in the fragment (PEP 503). */
export function formatProjectHtml(page: ProjectPage, linkOf: (file: PageFile) => string): string {
  const { name, files, outside, source } = page;
  return formatMarkup({
    title: `Links for ${name}`,
    meta: metaOf(source),
    anchors: [
      ...files.map((file) => ({
        attributes: { href: linkOf(file) + hashBehind(file), ...attributesOf(file) },
        text: file.source.form === "html" ? file.source.text : file.filename,
      })),
      ...outside.map(({ url, name, source }) =>
        source.form === "html" ? source : { attributes: { href: url }, text: name }
      ),
    ],
  });
}

/** PEP 629, 708 and 792. */
function metaOf(source: PageSource): Meta {
  if (source.form === "html") return source.meta.filter(([name]) => name.startsWith("pypi:"));
  const { meta, "alternate-locations": alternates, "project-status": state } = source.keys;
  const { "api-version": version, tracks } = asJsonObject(meta);
  const { status, reason } = asJsonObject(state);
  return [
    ...metaNamed("pypi:repository-version", [version ?? "1.0"]),
    ...metaNamed("pypi:tracks", tracks),
    ...metaNamed("pypi:alternate-locations", alternates),
    ...metaNamed("pypi:project-status", [status]),
    ...metaNamed("pypi:project-status-reason", [reason]),
  ];
}

function metaNamed(name: string, contents: unknown): Meta {
  const list = Array.isArray(contents) ? contents : [];
  return list.filter((content) => typeof content === "string").map((content) => [name, content] as const);
}

/** Returns the hash as it stood in the link, where it came in one. */
function hashBehind({ source, hashes }: PageFile): string {
  if (source.form === "html") return fragmentOf(source.attributes.href ?? "");
  const hash = formatHash(hashes);
  return hash === null ? "" : `#${hash}`;
}

/** All attributes but the link. Metadata has its old name as well, for clients from before PEP 714. */
function attributesOf(file: PageFile): Readonly<Record<string, string>> {
  const { source, requiresPython, coreMetadata, gpgSig, provenance, yanked } = file;
  const common = provenance === null ? {} : { "data-provenance": provenance };
  if (source.form === "html") {
    const { href: _, ...others } = source.attributes;
    return { ...others, ...common };
  }
  const metadata = coreMetadata && (formatHash(coreMetadata) ?? "true");
  return {
    ...requiresPython !== null && { "data-requires-python": requiresPython },
    ...metadata !== null && { "data-core-metadata": metadata, "data-dist-info-metadata": metadata },
    ...gpgSig !== null && { "data-gpg-sig": String(gpgSig) },
    ...yanked !== false && { "data-yanked": yanked === true ? "" : yanked },
    ...common,
  };
}
