import type { ReadableBody } from "../../document.ts";
import { headerOf } from "../../http/headers.ts";
import { unpack } from "./unpack.ts";
import type { IndexDocument } from "../pypi/page.ts";

/** The largest document that is read, as it is sent and unpacked: PyPI's largest page has some 30 MB. */
export const maxPageBytes = 64 * 1024 * 1024;

/** A document as an index sent it, packed or not. */
export interface SentDocument extends IndexDocument {
  /** `identity` where it is not packed. */
  readonly coding: string;
}

/** All that has to be known of a document besides its bytes. */
export function describeDocument({ headers, url, location }: ReadableBody): Omit<SentDocument, "bytes"> {
  return {
    contentType: headerOf(headers, "content-type"),
    coding: codingOf(headerOf(headers, "content-encoding")),
    askedUrl: url,
    url: location,
  };
}

/**
 * What has to be undone. Object stores keep what uploaders say, and hand it out: `aws-chunked` is how the upload came,
 * and an empty value is none.
 */
function codingOf(contentEncoding = ""): string {
  const said = contentEncoding.toLowerCase().split(",").map((coding) => coding.trim());
  const codings = said.filter((coding) => !["", "identity", "aws-chunked"].includes(coding));
  return codings.join(", ").replace(/^x-gzip$/, "gzip") || "identity";
}

/** Throws `upstream_failed` for one that cannot be unpacked, or is larger than `maxPageBytes` then. */
export async function unpackDocument({ coding, ...document }: SentDocument): Promise<IndexDocument> {
  return coding === "identity" ? document : await unpack(document, coding, maxPageBytes);
}
