import type { ReadableBody, Reading } from "../artifact.ts";
import type { DocumentLane } from "./documents.ts";
import type { SimpleForm } from "./pypi_accept.ts";
import { FileTable } from "./pypi_file_table.ts";
import type { PypiIndexes } from "./pypi_indexes.ts";
import type { PageMade, PageShown, RenderedPage } from "./pypi_page_work.ts";
import { maxPageBytes } from "./sent_document.ts";

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

  #make(body: ReadableBody, shown: PageShown | null): Promise<PageMade> {
    return this.#options.lane.run({ name: "makePage", bodies: [body], options: shown });
  }
}

/**
 * When what is old enough was uploaded at the latest. In steps, so that a page is not made anew each time: a hundredth of
 * the age, and an hour at most.
 */
export function limitOf(now: number, minAgeMs: number): number {
  const step = Math.min(3_600_000, Math.max(1000, minAgeMs / 100));
  return Math.floor((now - minAgeMs) / step) * step;
}
