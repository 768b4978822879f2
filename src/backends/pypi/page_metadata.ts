import type { FileSource, PageFile, ProjectPage } from "./page.ts";

/** The names of PEP 658 and PEP 714, in JSON and in HTML. */
const names: ReadonlySet<string> = new Set([
  "core-metadata",
  "dist-info-metadata",
  "data-dist-info-metadata",
  "data-core-metadata",
]);

/** The page with metadata beside those files only whose URLs are among `urls`. */
export function withMetadataOf(page: ProjectPage, urls: ReadonlySet<string>): ProjectPage {
  const { files } = page;
  return { ...page, files: files.map((file) => urls.has(file.url) ? file : withoutMetadata(file)) };
}

function withoutMetadata(file: PageFile): PageFile {
  return { ...file, coreMetadata: null, source: sourceWithoutMetadata(file.source) };
}

function sourceWithoutMetadata(source: FileSource): FileSource {
  return source.form === "json"
    ? { ...source, entry: withoutNames(source.entry) }
    : { ...source, attributes: withoutNames(source.attributes) };
}

function withoutNames<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)));
}
