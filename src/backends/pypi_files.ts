import type { Digest } from "../digest.ts";
import type { ReadableBody, Reading } from "../artifact.ts";
import { headerOf } from "../http/headers.ts";
import { digestOf } from "./pypi_digest.ts";
import { addressOf, fileKeyOf } from "./pypi_indexes.ts";
import { unpack } from "./pypi_packed.ts";
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

/** A page with what is needed to make sense of it. Throws `upstream_failed` for one that cannot be unpacked. */
export async function documentOf(body: ReadableBody): Promise<IndexDocument> {
  const { headers, url: askedUrl, location: url } = body;
  const document = { bytes: await body.bytes(), contentType: headerOf(headers, "content-type"), askedUrl, url };
  const coding = headerOf(headers, "content-encoding")?.trim().toLowerCase() ?? "identity";
  return coding === "identity" ? document : await unpack(document, coding, maxPageBytes);
}

function rowsOf(file: PageFile): [string, FileToFetch][] {
  const { url, hashes, coreMetadata, gpgSig } = file;
  const row = (suffix: string, digest: Digest | null): [string, FileToFetch] => {
    const beside = new URL(url);
    if (suffix !== "") beside.pathname += suffix;
    return [keyOrUrl(addressOf(file) + suffix), { url: beside.href, digest }];
  };
  return [
    row("", digestOf(hashes)),
    ...coreMetadata === null ? [] : [row(".metadata", digestOf(coreMetadata))],
    ...gpgSig === true ? [row(".asc", null)] : [],
  ];
}

/** A URL that no client can ask for stands for itself. */
function keyOrUrl(url: string): string {
  try {
    return fileKeyOf(url);
  } catch {
    return url;
  }
}
