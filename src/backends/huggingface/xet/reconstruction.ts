import type { ByteRange } from "../../../http/range.ts";
import { inBatches } from "../../shared/batches.ts";
import { partsOf, type XorbPart } from "./framing.ts";

export interface ReconstructionOptions {
  readonly version: "v1" | "v2";
  /** The file's hash, as clients know it. */
  readonly hash: string;
  readonly fileBytes: number;
  readonly range: ByteRange;
  /** Returns the URL of a xorb. */
  urlOf(name: string, index: number): string;
}

/** So many parts take a millisecond or two: a file of 1 TiB has 16,000. */
const partsAtOnce = 100;

/**
 * Says of which chunks a range of a file consists, and where they are (openapi/cas.openapi.yaml of xet-core). Other work
 * gets the thread in between.
 */
export async function formatReconstruction(options: ReconstructionOptions): Promise<string> {
  const { version, hash, fileBytes, range } = options;
  const { skippedBytes, parts } = partsOf(range, fileBytes);
  const terms: string[] = [];
  const places: string[] = [];
  for await (const batch of inBatches(parts, partsAtOnce)) {
    for (const part of batch) {
      const name = nameOf(hash, part.index);
      const { plainBytes, chunks } = part;
      terms.push(JSON.stringify({ hash: name, unpacked_length: plainBytes, range: chunks }));
      places.push(`"${name}":${JSON.stringify(placeOf(part, options, name))}`);
    }
  }
  const key = version === "v1" ? "fetch_info" : "xorbs";
  return `{"offset_into_first_range":${skippedBytes},"terms":[${terms.join()}],"${key}":{${places.join()}}}`;
}

/** Where the bytes of a part are, in the form of a version of the protocol. */
function placeOf({ index, chunks, bytes }: XorbPart, { version, urlOf }: ReconstructionOptions, name: string) {
  const url = urlOf(name, index);
  const inclusive = { start: bytes.start, end: bytes.end - 1 };
  return version === "v1"
    ? [{ range: chunks, url, url_range: inclusive }]
    : [{ url, ranges: [{ chunks, bytes: inclusive }] }];
}

/** The name of a xorb, of the form of a hash. It is none of its bytes: clients use it to tell xorbs apart. */
function nameOf(hash: string, index: number): string {
  return hash.slice(0, -8) + index.toString(16).padStart(8, "0");
}
