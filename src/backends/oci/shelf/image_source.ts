import type { SourceFile } from "../../../shelf.ts";

/** Content of an image: a file of the source, or bytes that were made of it. */
export type Content = SourceFile | Uint8Array<ArrayBuffer>;

/** A manifest or a blob, and its bytes. */
export interface ImageContent {
  readonly digest: string;
  readonly kind: "manifest" | "blob";
  readonly content: Content;
}

/** An image of a source. */
export interface FoundImage {
  /** Its name as the source has it; null where it has none. */
  readonly name: string | null;
  /** The digest of its manifest or index: `sha256:…`. */
  readonly digest: string;
  /** What is not as it was at its registry, as a sentence without a full stop; absent where all is. */
  readonly caveat?: string;
  /** Where it is below the prefix of the only backend that it is for; absent where its name tells. */
  readonly at?: { readonly repository: string; readonly tag: string };
}

/** Content with a digest, whatever image it is of. */
export interface StrayContent extends ImageContent {
  /** As in `FoundImage.at`. */
  readonly repository: string;
}

/** The images of a foreign source, and their content by digest. */
export interface ImageSource {
  /** What the source is, to stand after "is". */
  readonly description: string;
  images(): AsyncIterable<FoundImage>;
  /** All content of a source that may have some of no image; absent where that is not imported. */
  strays?(): AsyncIterable<StrayContent>;
  /** Finds a manifest or blob by its digest; null where the source lacks it. */
  find(digest: string): Promise<Content | null>;
}

export function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.byteLength : content.sizeBytes;
}
