import { createHash } from "node:crypto";
import type { ReadableBody, Reading } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import type { SimpleForm } from "./pypi_accept.ts";
import { documentOf, maxPageBytes } from "./pypi_files.ts";
import { addressOf, type PypiIndexes } from "./pypi_indexes.ts";
import type { PageFile, ProjectPage } from "./pypi_page.ts";
import { parseProjectPage } from "./pypi_project_page.ts";
import { renderProjectPage } from "./pypi_render.ts";

/** A page as clients get it. */
export interface RenderedPage {
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface PageOptions {
  readonly backend: string;
  readonly indexes: PypiIndexes;
  /** Files uploaded less than this ago are not shown; null where all are. */
  readonly minAgeMs: number | null;
  /** Told, once, of an index that does not say when files were uploaded. */
  readonly ageUnknown: (index: string) => void;
}

/** What there is to say about one page. */
export interface PageWanted {
  readonly project: string;
  readonly form: SimpleForm;
  /** From the page to the prefix: `../../`. */
  readonly toRoot: string;
  /** In ms since the epoch. */
  readonly now: number;
}

/** How the page of a project is made ready for clients, from whatever form the index has. */
export function pageReading(wanted: PageWanted, options: PageOptions): Reading<RenderedPage> {
  const { project, form, toRoot } = wanted;
  const uploadedUntil = options.minAgeMs === null ? null : limitOf(wanted.now, options.minAgeMs);
  return {
    name: JSON.stringify(["pypi page", options.backend, project, form.contentType, toRoot, uploadedUntil]),
    maxBytes: maxPageBytes,
    async make(body: ReadableBody) {
      const page = parseProjectPage(await documentOf(body));
      const linkOf = (file: PageFile) => toRoot + options.indexes.pathOf(project, addressOf(file)).slice(1);
      if (uploadedUntil === null) return rendered(renderProjectPage(page, { form: form.form, linkOf }), form);
      if (hasNoTimes(page)) options.ageUnknown(new URL("..", body.url).href);
      const keep = ({ uploadTime }: PageFile) => uploadTime === null || uploadTime <= uploadedUntil;
      return rendered(renderProjectPage(page, { form: form.form, linkOf, keep }), form);
    },
    weigh: ({ bytes }) => bytes.byteLength,
  };
}

/** With what clients need to know about it; its ETag is by its bytes, and so the same wherever they are made. */
export function rendered(bytes: Uint8Array<ArrayBuffer>, form: SimpleForm): RenderedPage {
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return { headers: [["etag", `"${etag}"`], ...headersOf(form)], bytes };
}

/** What clients are told of every page. */
export function headersOf({ contentType }: SimpleForm): HeaderList {
  const charset = contentType === "text/html" ? "; charset=utf-8" : "";
  return [
    ["content-type", contentType + charset],
    ["vary", "Accept"],
    ["cache-control", "max-age=0, must-revalidate"],
    // Attributes of links are passed on as they came, and are for programs.
    ["content-security-policy", "default-src 'none'"],
  ];
}

/** In steps, so that a page is not made anew each time: a hundredth of the age, and an hour at most. */
function limitOf(now: number, minAgeMs: number): number {
  const step = Math.min(3_600_000, Math.max(1000, minAgeMs / 100));
  return Math.floor((now - minAgeMs) / step) * step;
}

function hasNoTimes({ files }: ProjectPage): boolean {
  return files.length > 0 && files.every(({ uploadTime }) => uploadTime === null);
}
