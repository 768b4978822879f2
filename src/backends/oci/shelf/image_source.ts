import type { SourceFile } from "../../../shelf.ts";

/** Content of an image: a file of the source, or bytes that were made of it. */
export type Content = SourceFile | Uint8Array<ArrayBuffer>;

/** An image of a source. */
export interface FoundImage {
  /** Its name as the source has it; null where it has none. */
  readonly name: string | null;
  /** The digest of its manifest or index: `sha256:…`. */
  readonly digest: string;
  /** What is not as it was at its registry, as a sentence without a full stop; absent where all is. */
  readonly caveat?: string;
}

/** The images of a foreign source, and their content by digest. */
export interface ImageSource {
  /** What the source is, to stand after "is". */
  readonly description: string;
  images(): AsyncIterable<FoundImage>;
  /** Finds a manifest or blob by its digest; null where the source lacks it. */
  find(digest: string): Promise<Content | null>;
}

export function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.byteLength : content.sizeBytes;
}
