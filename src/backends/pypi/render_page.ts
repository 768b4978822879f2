import type { PageFormat } from "./page_format.ts";
import { normaliseName, projectsOf } from "./names.ts";
import { eggOf } from "./outside_link.ts";
import type { OutsideLink, PageFile, ProjectPage } from "./page.ts";
import { formatProjectHtml } from "./render_html.ts";
import { versionsLeft } from "./versions.ts";

export interface PageRendering {
  readonly form: PageFormat["form"];
  /** Returns the URL where clients get the file: relative to the page, without fragment. */
  linkOf(file: PageFile): string;
  /** Says which files are shown; all where absent. */
  keep?(file: PageFile): boolean;
}

/** Prints the page in either form, with links to the vault. What this form cannot say is left out. */
export function renderPage(page: ProjectPage, rendering: PageRendering): Uint8Array<ArrayBuffer> {
  const { form, linkOf, keep } = rendering;
  const shown = keep ? page.files.filter((file) => keep(file)) : page.files;
  const text = form === "json"
    ? formatProjectJson(page, shown, rendering)
    : formatProjectHtml({ ...page, files: shown }, (file) => linkOf(file));
  return new TextEncoder().encode(text);
}

function formatProjectJson(page: ProjectPage, shown: readonly PageFile[], { linkOf }: PageRendering): string {
  const keys = page.source.form === "json" ? page.source.keys : keysOf(page.name, page.source.meta);
  const hides = shown.length < page.files.length && Array.isArray(keys.versions);
  return JSON.stringify({
    ...keys,
    ...hides && { versions: versionsLeft(page, shown, keys.versions as unknown[]) },
    files: [
      ...shown.map((file) => ({ ...entryOf(file), url: linkOf(file) + eggBehind(file) })),
      ...page.outside.map(outsideEntryOf),
    ],
  });
}

/**
 * Returns the keys of version 1.0, since HTML has no `versions` and no `size`, which later versions demand (PEP 700,
 * 708, 792).
 */
function keysOf(name: string, meta: readonly (readonly [string, string])[]): Readonly<Record<string, unknown>> {
  const all = (wanted: string) => meta.filter(([name]) => name === wanted).map(([, content]) => content);
  const [tracks, alternates] = [all("pypi:tracks"), all("pypi:alternate-locations")];
  const [[status], [reason]] = [all("pypi:project-status"), all("pypi:project-status-reason")];
  return {
    meta: { "api-version": "1.0", ...tracks.length > 0 && { tracks } },
    name: normaliseName(name),
    ...alternates.length > 0 && { "alternate-locations": alternates },
    ...status !== undefined && { "project-status": { status, ...reason !== undefined && { reason } } },
  };
}

function outsideEntryOf({ url, name, source }: OutsideLink): Readonly<Record<string, unknown>> {
  return source.form === "json" ? source.entry : { filename: name, url, hashes: {} };
}

/** The fragment that names an archive which has no name of its own: JSON has no field for it. */
function eggBehind({ source, filename }: PageFile): string {
  const egg = source.form === "html" && projectsOf(filename).length === 0 ? eggOf(source.attributes.href ?? "") : null;
  return egg === null ? "" : `#egg=${egg}`;
}

/**
 * A file's entry, unchanged but for relative links and for what its link says. Made from HTML it never has the old
 * `dist-info-metadata`, which pip 22.3 to 23.1 cannot read (PEP 714).
 */
function entryOf(file: PageFile): Readonly<Record<string, unknown>> {
  const { source, filename, hashes, requiresPython, coreMetadata, gpgSig, provenance, yanked } = file;
  const common = { hashes, ...provenance !== null && { provenance } };
  if (source.form === "json") return { ...source.entry, ...common };
  return {
    filename,
    ...requiresPython !== null && { "requires-python": requiresPython },
    ...coreMetadata !== null && { "core-metadata": Object.keys(coreMetadata).length > 0 ? coreMetadata : true },
    ...gpgSig !== null && { "gpg-sig": gpgSig },
    yanked,
    ...common,
  };
}
