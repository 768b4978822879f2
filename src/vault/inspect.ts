import type { Reading } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { tooLarge } from "./opened_body.ts";

/** A whole body. */
export interface Inspected {
  readonly sizeBytes: number;
  readonly headers: HeaderList;
  /** Where it came from, without credentials. */
  readonly url: string;
  /** Where redirects led to from there, if there were any. */
  readonly location: string | undefined;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Lets a reading say whether a body is what it should be. Throws as the reading does. */
export async function inspect({ make, maxBytes }: Reading<unknown>, body: Inspected): Promise<void> {
  const { sizeBytes, headers, url, location = url, read } = body;
  if (sizeBytes > maxBytes) throw tooLarge(url, maxBytes);
  const bytes = await read();
  await make({
    sizeBytes,
    headers,
    url,
    location,
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  });
}
