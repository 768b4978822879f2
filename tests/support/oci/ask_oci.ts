/** An error as a registry tells it: the first of those in the body. */
export interface OciError {
  readonly code: string;
  readonly message: string;
}

export interface OciAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Of the body; null where there is none, as in every answer to HEAD. */
  readonly error: OciError | null;
  /** Bytes of the body. */
  readonly size: number;
}

/** Asks for one thing, without following where it leads, and reads it to its end. */
export async function askOci(url: string, init: RequestInit = {}): Promise<OciAnswer> {
  const response = await fetch(url, { redirect: "manual", ...init });
  const { status, headers } = response;
  if (!response.ok) {
    const text = await response.text();
    return { status, headers, error: parseOciError(text), size: text.length };
  }
  return { status, headers, error: null, size: (await response.bytes()).byteLength };
}

/** Null for a body that is not in the registries' form (distribution-spec, "Error codes"). */
function parseOciError(text: string): OciError | null {
  try {
    return JSON.parse(text).errors[0];
  } catch {
    return null;
  }
}
