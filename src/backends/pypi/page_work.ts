import { createHash } from "node:crypto";
import type { HeaderList } from "../../http/headers.ts";
import type { RenderedDocument } from "../shared/made_document.ts";
import type { PageFormat } from "./page_format.ts";
import type { Deliverable } from "./deliverable.ts";
import type { FileColumns } from "../shared/listings/file_table.ts";
import { packPageFiles } from "./listed_files.ts";
import { addressOf, pathOfFile } from "./indexes.ts";
import type { IndexDocument } from "./index_document.ts";
import type { PageFile, ProjectPage } from "./page.ts";
import { parsePage } from "./parse_page.ts";
import { withMetadataOf } from "./page_metadata.ts";
import { renderPage } from "./render_page.ts";

/** The form in which a page is shown. */
export interface PageShown {
  readonly project: string;
  readonly form: PageFormat;
  /** From the page to the prefix: `../../`. */
  readonly toRoot: string;
  /** Files uploaded after this, in ms since the epoch, are left out; null for none. */
  readonly uploadedUntil: number | null;
  /** URLs of further files that are left out. */
  readonly hidden: readonly string[];
  /** The only files that are shown; null for all. */
  readonly deliverable: Deliverable | null;
  /** Files below it have paths below `/packages`; null where there is none. */
  readonly packagesBase: string | null;
}

/** The results of parsing a page once. */
export interface PageMade {
  readonly files: FileColumns;
  readonly page: RenderedDocument | null;
  /** The URLs of all files where the index has no upload times; else none. */
  readonly untimed: readonly string[];
}

/**
 * Parses a page once, and returns what is wanted: the page as `shown`, unless that is null, and the table of its files.
 * Throws `upstream_failed` for a document that is no page.
 */
export function makePage([document]: readonly IndexDocument[], shown: PageShown | null): PageMade {
  const page = parsePage(document!);
  const { files } = page;
  return {
    files: packPageFiles(files),
    page: shown && showPage(page, shown),
    untimed: files.every(({ uploadTime }) => uploadTime === null) ? files.map(({ url }) => url) : [],
  };
}

function showPage(page: ProjectPage, shown: PageShown): RenderedDocument {
  const { project, form, toRoot, packagesBase, deliverable } = shown;
  const linkOf = (file: PageFile) => toRoot + pathOfFile(packagesBase, project, addressOf(file)).slice(1);
  const keep = keeping(shown);
  const offered = deliverable === null ? page : withMetadataOf(page, new Set(deliverable.metadata));
  return rendered(renderPage(offered, { form: form.form, linkOf, ...keep && { keep } }), form);
}

/** Says which files are shown; undefined for all. */
function keeping({ uploadedUntil, hidden, deliverable }: PageShown): ((file: PageFile) => boolean) | undefined {
  if (uploadedUntil === null && deliverable === null) return undefined;
  const hiddenUrls = new Set(hidden);
  const cached = deliverable && new Set(deliverable.files);
  const isOld = ({ uploadTime, url }: PageFile) =>
    uploadedUntil === null || (uploadTime === null ? !hiddenUrls.has(url) : uploadTime <= uploadedUntil);
  return (file) => (cached === null || cached.has(file.url)) && isOld(file);
}

/** The document with its headers. Its ETag is made of its bytes, and so the same wherever it is generated. */
export function rendered(bytes: Uint8Array<ArrayBuffer>, form: PageFormat): RenderedDocument {
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return { headers: [["etag", `"${etag}"`], ...headersOf(form)], bytes };
}

/** The headers of every page. */
export function headersOf({ contentType }: PageFormat): HeaderList {
  const charset = contentType === "text/html" ? "; charset=utf-8" : "";
  return [
    ["content-type", contentType + charset],
    ["vary", "Accept"],
    ["cache-control", "max-age=0, must-revalidate"],
    // Attributes of links are forwarded unchanged, for programs only.
    ["content-security-policy", "default-src 'none'"],
  ];
}
