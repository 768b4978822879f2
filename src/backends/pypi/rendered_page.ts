import { createHash } from "node:crypto";
import type { Parser, ReadableBody } from "../../document.ts";
import type { Deliverable, PageAddress } from "./deliverable.ts";
import type { IndexLane } from "./tasks.ts";
import type { PageFormat } from "./page_format.ts";
import { FileTable } from "../shared/listings/file_table.ts";
import type { Indexes } from "./indexes.ts";
import type { RenderedDocument } from "../shared/made_document.ts";
import type { PageMade, PageShown } from "./page_work.ts";
import { maxPageBytes } from "./index_document.ts";

export interface PageOptions {
  readonly backend: string;
  readonly indexes: Indexes;
  readonly lane: IndexLane;
  /** Files uploaded less than this ago are not shown; null where all are. */
  readonly minAgeMs: number | null;
}

/** The parameters of one page. */
export interface PageWanted {
  readonly project: string;
  readonly form: PageFormat;
  /** From the page to the prefix: `../../`. */
  readonly toRoot: string;
  /** In ms since the epoch. */
  readonly now: number;
  /** URLs of further files that are too new to be shown. */
  readonly hidden: readonly string[];
  /** The only files that are shown; null for all. */
  readonly deliverable: Deliverable | null;
}

/** The parsers of projects' pages, from whatever form the index has. Each page is parsed once. */
export class PageParsers {
  readonly #options: PageOptions;
  /** The parser of the table that files are checked against. */
  readonly files: Parser<FileTable>;
  /** Parses a page to the URLs of its files where it has no upload times; else to none. */
  readonly untimed: Parser<readonly string[]>;
  /** Parses a page to the addresses of its files. */
  readonly addresses: Parser<readonly PageAddress[]>;

  constructor(options: PageOptions) {
    this.#options = options;
    const { backend, lane } = options;
    this.files = {
      name: JSON.stringify(["pypi files", options.backend]),
      maxBytes: maxPageBytes,
      parse: async (body) => new FileTable((await this.#make(body, null)).files),
      sizeOf: ({ sizeBytes }) => sizeBytes,
    };
    this.untimed = {
      name: JSON.stringify(["pypi untimed files", options.backend]),
      maxBytes: maxPageBytes,
      parse: async (body) => (await this.#make(body, null)).untimed,
      sizeOf: (urls) => urls.reduce((sum, { length }) => sum + length, 0),
    };
    this.addresses = {
      name: JSON.stringify(["pypi addresses", backend]),
      maxBytes: maxPageBytes,
      parse: (body) => lane.run({ name: "listAddresses", bodies: [body], options: null }),
      sizeOf: (addresses) => addresses.reduce((sum, { url, address }) => sum + url.length + address.length + 50, 0),
    };
  }

  /** Returns the latest upload time that is shown, in ms since the epoch; null where all files are shown. */
  uploadedUntil(now: number): number | null {
    const { minAgeMs } = this.#options;
    return minAgeMs === null ? null : limitOf(now, minAgeMs);
  }

  /** Parses a page to the page for clients. */
  shown({ project, form, toRoot, now, hidden, deliverable }: PageWanted): Parser<RenderedDocument> {
    const { backend, indexes: { packagesBase } } = this.#options;
    const uploadedUntil = this.uploadedUntil(now);
    const shown: PageShown = { project, form, toRoot, uploadedUntil, packagesBase, hidden, deliverable };
    const shownAs = [form.contentType, toRoot, uploadedUntil, nameOf(hidden), deliverable?.name ?? ""];
    return {
      name: JSON.stringify(["pypi page", backend, project, ...shownAs]),
      maxBytes: maxPageBytes,
      parse: async (body, keep) => {
        const { files, page } = await this.#make(body, shown);
        keep(this.files, new FileTable(files));
        return page!;
      },
      sizeOf: ({ bytes }) => bytes.byteLength,
    };
  }

  #make(body: ReadableBody, shown: PageShown | null): Promise<PageMade> {
    return this.#options.lane.run({ name: "makePage", bodies: [body], options: shown });
  }
}

/** A short name for any number of URLs. */
function nameOf(urls: readonly string[]): string {
  return urls.length === 0 ? "" : createHash("sha256").update(urls.join("\n")).digest("hex");
}

/**
 * Returns the latest upload time of files that are old enough. It moves in steps of a hundredth of the age, an hour at
 * most, so that a page is not made anew each time.
 */
export function limitOf(now: number, minAgeMs: number): number {
  const step = Math.min(3_600_000, Math.max(1000, minAgeMs / 100));
  return Math.floor((now - minAgeMs) / step) * step;
}
