import type { ReadableBody, Reading } from "../artifact.ts";
import { headerOf } from "../http/headers.ts";
import type { DocumentLane } from "./documents.ts";
import type { SimpleForm } from "./pypi_accept.ts";
import { FileTable } from "./pypi_file_table.ts";
import type { PypiIndexes } from "./pypi_indexes.ts";
import { unpack } from "./pypi_packed.ts";
import type { IndexDocument } from "./pypi_page.ts";
import type { PageMade, PageShown, RenderedPage } from "./pypi_page_work.ts";

/** The largest page that is read: PyPI's largest has some 30 MB. */
export const maxPageBytes = 64 * 1024 * 1024;

export interface PageOptions {
  readonly backend: string;
  readonly indexes: PypiIndexes;
  readonly lane: DocumentLane;
  /** Files uploaded less than this ago are not shown; null where all are. */
  readonly minAgeMs: number | null;
  /** Told of an index that does not say when files were uploaded. */
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

/** How the pages of projects are read, from whatever form the index has. Each page is parsed once. */
export class PageReadings {
  readonly #options: PageOptions;
  /** What files are checked against. */
  readonly files: Reading<FileTable>;

  constructor(options: PageOptions) {
    this.#options = options;
    this.files = {
      name: JSON.stringify(["pypi files", options.backend]),
      maxBytes: maxPageBytes,
      make: async (body) => new FileTable((await this.#make(body, null)).files),
      weigh: ({ sizeBytes }) => sizeBytes,
    };
  }

  /** The page made ready for clients. */
  shown({ project, form, toRoot, now }: PageWanted): Reading<RenderedPage> {
    const { backend, indexes: { packagesBase }, minAgeMs, ageUnknown } = this.#options;
    const uploadedUntil = minAgeMs === null ? null : limitOf(now, minAgeMs);
    const shown: PageShown = { project, form, toRoot, uploadedUntil, packagesBase };
    return {
      name: JSON.stringify(["pypi page", backend, project, form.contentType, toRoot, uploadedUntil]),
      maxBytes: maxPageBytes,
      make: async (body, keep) => {
        const { files, page, lacksTimes } = await this.#make(body, shown);
        if (uploadedUntil !== null && lacksTimes) ageUnknown(new URL("..", body.url).href);
        keep(this.files, new FileTable(files));
        return page!;
      },
      weigh: ({ bytes }) => bytes.byteLength,
    };
  }

  async #make(body: ReadableBody, shown: PageShown | null): Promise<PageMade> {
    const document = await documentOf(body);
    const sizeBytes = document.bytes.byteLength;
    return await this.#options.lane.run({
      name: "makePage",
      input: { document, shown },
      sizeBytes,
      signal: body.signal,
    });
  }
}

/** A page with what is needed to make sense of it. Throws `upstream_failed` for one that cannot be unpacked. */
export async function documentOf(body: ReadableBody): Promise<IndexDocument> {
  const { headers, url: askedUrl, location: url } = body;
  const document = { bytes: await body.bytes(), contentType: headerOf(headers, "content-type"), askedUrl, url };
  const coding = headerOf(headers, "content-encoding")?.trim().toLowerCase() ?? "identity";
  return coding === "identity" ? document : await unpack(document, coding, maxPageBytes);
}

/** In steps, so that a page is not made anew each time: a hundredth of the age, and an hour at most. */
function limitOf(now: number, minAgeMs: number): number {
  const step = Math.min(3_600_000, Math.max(1000, minAgeMs / 100));
  return Math.floor((now - minAgeMs) / step) * step;
}
