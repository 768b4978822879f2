/** The beginning of the body of an error. */
export interface ErrorBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

export interface ErrorBodyLimits {
  readonly maxBytes: number;
  /** Who waits for an answer waits no longer than this for what stands behind its status. */
  readonly patienceMs: number;
}

/** Reads the body of an error within limits, and ends it. One that breaks off is not whole; it never rejects. */
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
    // What came before the break is still something.
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
