/** What the wrappers know about a response and `Response` has no place for. */
export interface ResponseNotes {
  /** Longest wait for the next bytes of the body. */
  readonly idleTimeoutMs?: number;
  /** How many requests it took to get this response; 1 unless some were answered with an error or not at all. */
  readonly attempts?: number;
  /** The proxy that an error over plain http came through, and may have come from. */
  readonly proxy?: string;
}

const notes = new WeakMap<Response, ResponseNotes>();

/** Adds to what is known. The notes belong to this very object: a copy or a wrapper of the response has none. */
export function addNotes(response: Response, added: ResponseNotes): void {
  notes.set(response, { ...notes.get(response), ...added });
}

/** What is known; nothing, for a response that came through no wrapper. */
export function notesOf(response: Response): ResponseNotes {
  return notes.get(response) ?? {};
}
