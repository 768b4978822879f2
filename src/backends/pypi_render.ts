import type { SimpleForm } from "./pypi_accept.ts";
import { normaliseName, versionOf } from "./pypi_name.ts";
import type { Hashes, PageFile, ProjectPage } from "./pypi_page.ts";

export interface PageRendering {
  readonly form: SimpleForm["form"];
  /** Where clients get the file: relative to the page, without fragment. */
  linkOf(file: PageFile): string;
  /** Which files are shown; all where absent. */
  keep?(file: PageFile): boolean;
}

/** The page in either form, with links of our own; what only the other form can say is left out. */
export function renderProjectPage(page: ProjectPage, rendering: PageRendering): Uint8Array<ArrayBuffer> {
  const { form, keep } = rendering;
  const shown = keep ? page.files.filter((file) => keep(file)) : page.files;
  const text = form === "json" ? jsonOf(page, shown, rendering) : htmlOf(page, shown, rendering);
  return new TextEncoder().encode(text);
}

function jsonOf(page: ProjectPage, shown: readonly PageFile[], { linkOf }: PageRendering): string {
  const { source, name } = page;
  const files = shown.map((file) => ({ ...jsonEntry(file), url: linkOf(file) }));
  if (source.form === "html") {
    return JSON.stringify({ meta: { "api-version": "1.0" }, name: normaliseName(name), files });
  }
  const { keys } = source;
  const hidden = shown.length < page.files.length && Array.isArray(keys.versions);
  return JSON.stringify({
    ...keys,
    ...hidden && { versions: versionsLeft(page, shown, keys.versions as unknown[]) },
    files,
  });
}

/** A version whose files are all hidden is hidden with them; one that never had a file stays. */
function versionsLeft(page: ProjectPage, shown: readonly PageFile[], versions: readonly unknown[]): unknown[] {
  const project = normaliseName(page.name);
  const versionsOf = (files: readonly PageFile[]) =>
    new Set(files.map((file) => keyOf(versionOf(file.filename, project))));
  const [all, left] = [versionsOf(page.files), versionsOf(shown)];
  return versions.filter((version) => !all.has(keyOf(version)) || left.has(keyOf(version)));
}

/** File names write some versions a little differently. */
function keyOf(version: unknown): string {
  return String(version).toLowerCase().replace(/[-_+.]+/g, ".");
}

function jsonEntry({ source, ...file }: PageFile): Readonly<Record<string, unknown>> {
  if (source.form === "json") return source.entry;
  const metadata = file.coreMetadata && (hasHashes(file.coreMetadata) ? file.coreMetadata : true);
  return {
    filename: file.filename,
    hashes: file.hashes,
    ...file.requiresPython !== null && { "requires-python": file.requiresPython },
    ...metadata !== null && { "core-metadata": metadata, "dist-info-metadata": metadata },
    ...file.gpgSig !== null && { "gpg-sig": file.gpgSig },
    ...file.provenance !== null && { provenance: file.provenance },
    yanked: file.yanked,
  };
}

function htmlOf(page: ProjectPage, shown: readonly PageFile[], { linkOf }: PageRendering): string {
  const title = escaped(`Links for ${page.name}`);
  const meta = metaOf(page).map(([name, content]) =>
    `    <meta name="${escaped(name)}" content="${escaped(content)}">\n`
  );
  const anchors = shown.map((file) => {
    const attributes = Object.entries({ href: linkOf(file) + fragmentOf(file), ...htmlAttributes(file) });
    const text = attributes.map(([name, value]) => `${name}="${escaped(value)}"`).join(" ");
    return `    <a ${text}>${escaped(file.filename)}</a><br>\n`;
  });
  return `<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset="utf-8">\n${
    meta.join("")
  }    <title>${title}</title>\n` +
    `  </head>\n  <body>\n    <h1>${title}</h1>\n${anchors.join("")}  </body>\n</html>\n`;
}

/** Names of `meta` elements that have a key in JSON pages (PEP 629, 708, 792). */
function metaOf({ source }: ProjectPage): readonly (readonly [name: string, content: string])[] {
  if (source.form === "html") return source.meta.filter(([name]) => name.startsWith("pypi:"));
  const { meta, "alternate-locations": alternates, "project-status": status } = source.keys;
  const tracks = isRecord(meta) ? meta.tracks : undefined;
  const state = isRecord(status) ? status : {};
  return [
    ["pypi:repository-version", "1.0"],
    ...listOf(tracks).map((url) => ["pypi:tracks", url] as const),
    ...listOf(alternates).map((url) => ["pypi:alternate-locations", url] as const),
    ...listOf([state.status]).map((text) => ["pypi:project-status", text] as const),
    ...listOf([state.reason]).map((text) => ["pypi:project-status-reason", text] as const),
  ];
}

function htmlAttributes({ source, ...file }: PageFile): Record<string, string> {
  if (source.form === "html") {
    const { href: _, ...others } = source.attributes;
    return others;
  }
  const metadata = file.coreMetadata && (attributeOf(file.coreMetadata) ?? "true");
  return {
    ...file.requiresPython !== null && { "data-requires-python": file.requiresPython },
    ...metadata !== null && { "data-core-metadata": metadata, "data-dist-info-metadata": metadata },
    ...file.yanked !== false && { "data-yanked": file.yanked === true ? "" : file.yanked },
    ...file.gpgSig !== null && { "data-gpg-sig": String(file.gpgSig) },
    ...file.provenance !== null && { "data-provenance": file.provenance },
  };
}

function fragmentOf({ hashes }: PageFile): string {
  const hash = attributeOf(hashes);
  return hash === null ? "" : `#${hash}`;
}

/** One hash as `algorithm=hex`, the one most clients know; null where there is none. */
function attributeOf(hashes: Hashes): string | null {
  const algorithm = ["sha256", "sha512", "sha384", ...Object.keys(hashes)].find((name) => hashes[name] !== undefined);
  return algorithm === undefined ? null : `${algorithm}=${hashes[algorithm]}`;
}

function hasHashes(hashes: Hashes): boolean {
  return Object.keys(hashes).length > 0;
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** As text or attribute value of HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
