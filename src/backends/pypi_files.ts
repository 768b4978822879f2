import type { Digest } from "../digest.ts";
import type { ReadableBody, Reading } from "../artifact.ts";
import { headerOf } from "../http/headers.ts";
import { digestOf } from "./pypi_digest.ts";
import { fileKeyOf } from "./pypi_indexes.ts";
import type { IndexDocument, PageFile } from "./pypi_page.ts";
import { parseProjectPage } from "./pypi_project_page.ts";

/** The largest page that is read: PyPI's largest has some 30 MB. */
export const maxPageBytes = 64 * 1024 * 1024;

/** What has to be known of a file to fetch it. */
export interface FileToFetch {
  /** With its query. */
  readonly url: string;
  /** Null where the index gives none that we know. */
  readonly digest: Digest | null;
}

/** The files of a project's page, by their keys, with what is beside them: `.metadata` and `.asc`. */
export type FileTable = ReadonlyMap<string, FileToFetch>;

/** How the pages of a backend are read for what their files are checked against. */
export function fileReading(backend: string): Reading<FileTable> {
  return {
    name: JSON.stringify(["pypi files", backend]),
    maxBytes: maxPageBytes,
    async make(body) {
      const { files } = parseProjectPage(await documentOf(body));
      return new Map(files.flatMap(rowsOf));
    },
    weigh: ({ size }) => size * 500,
  };
}

/** A page with what is needed to make sense of it. */
export async function documentOf(body: ReadableBody): Promise<IndexDocument> {
  return { bytes: await body.bytes(), contentType: headerOf(body.headers, "content-type"), url: body.location };
}

function rowsOf({ url, hashes, coreMetadata, gpgSig }: PageFile): [string, FileToFetch][] {
  const rows: [string, FileToFetch][] = [[keyOrUrl(url), { url, digest: digestOf(hashes) }]];
  const add = (suffix: string, digest: Digest | null) => {
    const beside = new URL(url);
    beside.pathname += suffix;
    rows.push([keyOrUrl(beside.href), { url: beside.href, digest }]);
  };
  if (coreMetadata !== null) add(".metadata", digestOf(coreMetadata));
  if (gpgSig === true) add(".asc", null);
  return rows;
}

/** A URL that no client can ask for stands for itself. */
function keyOrUrl(url: string): string {
  try {
    return fileKeyOf(url);
  } catch {
    return url;
  }
}
