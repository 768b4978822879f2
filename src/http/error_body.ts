/** The body of an error, or its beginning. */
export interface ErrorBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True where the bytes are the whole body. */
  readonly isWhole: boolean;
}

export interface ErrorBodyLimits {
  readonly maxBytes: number;
  /** The longest time to wait for the body, since a client is waiting for its answer. */
  readonly patienceMs: number;
}

/**
 * Reads the body of an error within limits, and closes it. A body that is interrupted is not whole; this never rejects.
 */
export async function readErrorBody({ body }: Response, limits: ErrorBodyLimits): Promise<ErrorBody> {
  if (body === null) return { bytes: new Uint8Array(), isWhole: true };
  if (limits.maxBytes === 0) {
    await body.cancel().catch(() => {});
    return { bytes: new Uint8Array(), isWhole: false };
  }
  const reader = body.getReader();
  let outOfPatience = false;
  const timer = setTimeout(() => {
    outOfPatience = true;
    reader.cancel().catch(() => {});
  }, limits.patienceMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  try {
    while (size <= limits.maxBytes && !ended) {
      const { done, value } = await reader.read();
      if (done) ended = !outOfPatience;
      if (done) break;
      chunks.push(value);
      size += value.byteLength;
    }
  } catch {
    // The bytes that arrived before are still of use.
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
  return { bytes: joined(chunks, Math.min(size, limits.maxBytes)), isWhole: ended && size <= limits.maxBytes };
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, size - offset);
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
