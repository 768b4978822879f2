import { createHash } from "node:crypto";
import type { ByteRange } from "../../../http/range.ts";
import { partsOf } from "./framing.ts";

export interface ReconstructionOptions {
  readonly version: "v1" | "v2";
  /** The file's hash, as clients know it. */
  readonly hash: string;
  readonly fileBytes: number;
  readonly range: ByteRange;
  /** Returns the URL of a xorb. */
  urlOf(name: string, index: number): string;
}

/** Says of which chunks a range of a file consists, and where they are (openapi/cas.openapi.yaml of xet-core). */
export function formatReconstruction({ version, hash, fileBytes, range, urlOf }: ReconstructionOptions): string {
  const { skippedBytes, parts } = partsOf(range, fileBytes);
  const named = parts.map((part) => {
    const name = nameOf(hash, part.index);
    return { ...part, hash: name, url: urlOf(name, part.index) };
  });
  const terms = named.map(({ hash, plainBytes, chunks }) => ({ hash, unpacked_length: plainBytes, range: chunks }));
  const common = { offset_into_first_range: skippedBytes, terms };
  const inclusive = ({ start, end }: ByteRange) => ({ start, end: end - 1 });
  if (version === "v1") {
    const infos = named.map(({ hash, chunks, url, bytes }) =>
      [hash, [{ range: chunks, url, url_range: inclusive(bytes) }]] as const
    );
    return JSON.stringify({ ...common, fetch_info: Object.fromEntries(infos) });
  }
  const xorbs = named.map(({ hash, chunks, url, bytes }) =>
    [hash, [{ url, ranges: [{ chunks, bytes: inclusive(bytes) }] }]] as const
  );
  return JSON.stringify({ ...common, xorbs: Object.fromEntries(xorbs) });
}

/** The name of a xorb. It is no hash of its bytes: clients use it to tell xorbs apart. */
function nameOf(hash: string, index: number): string {
  return createHash("sha256").update(`xorb ${index} of ${hash}`).digest("hex");
}
