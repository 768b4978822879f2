import type { ReadableBody } from "../../../document.ts";
import { headerOf } from "../../../http/headers.ts";
import { DocumentTooLarge, unpack } from "../unpack.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** So much is unpacked at a time: it may become a thousand times as large. */
const sliceBytes = 4 * 1024;

/** All that a task knows of a document besides its bytes. */
export interface DocumentDescription {
  /** Its `Content-Type`. */
  readonly contentType: string | undefined;
  /** The way it is packed, as `unpack` names it. */
  readonly coding: string;
  /** The URL it was requested at. */
  readonly askedUrl: string;
  /** The URL it came from after redirects: its relative links count from here. */
  readonly url: string;
}

/** Describes a body; without `coding` by its `Content-Encoding`. */
export function describeDocument({ headers, url, location }: ReadableBody, coding?: string): DocumentDescription {
  return {
    contentType: headerOf(headers, "content-type"),
    coding: coding ?? codingOf(headerOf(headers, "content-encoding")),
    askedUrl: url,
    url: location,
  };
}

/**
 * The codings to undo. Object stores keep what uploaders say, and repeat it: `aws-chunked` is how the upload came, and
 * an empty value is none.
 */
function codingOf(contentEncoding = ""): string {
  const said = contentEncoding.toLowerCase().split(",").map((coding) => coding.trim());
  const codings = said.filter((coding) => !["", "identity", "aws-chunked"].includes(coding));
  return codings.join(", ").replace(/^x-gzip$/, "gzip") || "identity";
}

export interface UnpackLimits {
  readonly maxBytes: number;
  /** True where other work gets the thread between two slices. */
  readonly pauses: boolean;
}

/** A document as a task gets it. It is read once, by `bytes` or by `unpack`. */
export class TaskDocument {
  readonly description: DocumentDescription;
  readonly #packed: Bytes | ReadableStream<Bytes>;
  readonly #limits: UnpackLimits;

  constructor(description: DocumentDescription, packed: Bytes | ReadableStream<Bytes>, limits: UnpackLimits) {
    this.description = description;
    this.#packed = packed;
    this.#limits = limits;
  }

  /** The unpacked document as a whole. Throws as `unpack`. */
  async bytes(): Promise<Bytes> {
    const { coding } = this.description;
    if (coding === "identity" && this.#packed instanceof Uint8Array) return this.#packed;
    const chunks: Bytes[] = [];
    await this.unpack((chunk) => chunks.push(new Uint8Array(chunk)));
    return await new Blob(chunks).bytes();
  }

  /**
   * Unpacks the document to its end. A chunk is valid only until `write` returns. Throws `UnpackError`, and
   * `DocumentTooLarge` as soon as it is larger than it may be.
   */
  async unpack(write: (chunk: Uint8Array) => void): Promise<void> {
    const { maxBytes, pauses } = this.#limits;
    const { coding, url } = this.description;
    const packed = this.#packed instanceof Uint8Array ? streamOf(this.#packed) : this.#packed;
    let sizeBytes = 0;
    await unpack(coding === "identity" ? packed : inSlices(packed, pauses), coding, (chunk) => {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) {
        throw new DocumentTooLarge(`Cannot read "${url}": unpacked it is larger than ${maxBytes} bytes`);
      }
      write(chunk);
    });
  }
}

function streamOf(bytes: Bytes): ReadableStream<Bytes> {
  return ReadableStream.from([bytes]);
}

/** Slices that are requested one by one. */
function inSlices(packed: ReadableStream<Bytes>, pauses: boolean): ReadableStream<Bytes> {
  const reader = packed.getReader();
  let rest: Bytes = new Uint8Array();
  let isFirst = true;
  return new ReadableStream({
    async pull(controller) {
      if (pauses && !isFirst) await new Promise((resolve) => setTimeout(resolve));
      isFirst = false;
      while (rest.length === 0) {
        const { value } = await reader.read();
        if (value === undefined) return controller.close();
        rest = value;
      }
      controller.enqueue(rest.slice(0, sliceBytes));
      rest = rest.subarray(sliceBytes);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
