import { VaultError } from "../errors.ts";
import { shownBytes } from "../observe/shown_bytes.ts";

interface BodyLimits {
  readonly maxBytes: number;
  /** The longest wait for the next bytes. */
  readonly patienceMs: number;
}

/**
 * Reads the body of a request as a whole; null where it has none. Throws `too_large` for a body of more than
 * `maxBytes`, `request_silent` for a client that stops sending, and `bad_request` for one that leaves.
 */
export async function readRequestBody(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer> | null> {
  const { maxBytes, patienceMs } = limits;
  if (request.body === null) return null;
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for (;;) {
      const { done, value } = await withPatience(reader.read(), patienceMs);
      if (done) return joined(chunks, sizeBytes);
      chunks.push(value);
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    if (error instanceof VaultError) throw error;
    throw new VaultError("bad_request", "The body of this request was interrupted", { cause: error });
  }
}

async function withPatience<T>(promise: Promise<T>, ms: number): Promise<T> {
  const silence = Promise.withResolvers<never>();
  const message = `The body of this request was interrupted: no byte for ${ms / 1000} s`;
  const timer = setTimeout(() => silence.reject(new VaultError("request_silent", message)), ms);
  try {
    return await Promise.race([promise, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Puts chunks of `sizeBytes` in all together. */
export function joined(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(maxBytes: number): VaultError {
  return new VaultError("too_large", `The body of this request has more than ${shownBytes(maxBytes)}`);
}
