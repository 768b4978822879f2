import type { Reading } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import type { MadeReadings } from "./made_readings.ts";
import { tooLarge } from "./opened_body.ts";

/** A whole body. */
export interface Inspected {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headers: HeaderList;
  /** Where it came from, without credentials. */
  readonly url: string;
  /** Where redirects led to from there, if there were any. */
  readonly location: string | undefined;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Lets a reading say whether a body is what it should be, and keeps what it makes. Throws as the reading does. */
export async function inspect(reading: Reading<unknown>, body: Inspected, made: MadeReadings): Promise<void> {
  const { sha256, sizeBytes, headers, url, location = url, read } = body;
  if (sizeBytes > reading.maxBytes) throw tooLarge(url, reading.maxBytes);
  const bytes = await read();
  const readable = {
    sizeBytes,
    headers,
    url,
    location,
    signal: made.signal,
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  };
  await made.make(reading, readable, () => Promise.resolve(sha256));
}
