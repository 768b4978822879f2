import type { Parser } from "../../document.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { MadeReadings } from "./made_readings.ts";
import { tooLarge } from "./opened_body.ts";

/** A whole body. */
export interface WholeBody {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headers: HeaderList;
  /** The URL that it came from, without credentials. */
  readonly url: string;
  /** The URL that redirects led to from there, if there were any. */
  readonly location: string | undefined;
  /** Each call reads it from its beginning. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Lets a reading say whether a body is what it should be, and keeps what it makes. Throws as the reading does. */
export async function checkDocument(reading: Parser<unknown>, body: WholeBody, made: MadeReadings): Promise<void> {
  const { sha256, sizeBytes, headers, url, location = url } = body;
  if (sizeBytes > reading.maxBytes) throw tooLarge(url, reading.maxBytes);
  const readable = {
    sizeBytes,
    headers,
    url,
    location,
    signal: made.signal,
    bytes: () => new Response(body.stream()).bytes(),
    stream: () => body.stream(),
  };
  await made.make(reading, readable, () => Promise.resolve(sha256));
}
