/** The notes of the wrappers about a response, for which `Response` has no place. */
export interface ResponseNotes {
  /** The longest wait for the next bytes of the body. */
  readonly idleTimeoutMs?: number;
  /** The number of requests that it took; 1 unless some were answered with an error or not at all. */
  readonly attempts?: number;
  /** The proxy that an error over plain http came through, and may come from. */
  readonly proxy?: string;
  /** Called once the body has been read to its end. */
  readonly ended?: () => void;
}

const notes = new WeakMap<Response, ResponseNotes>();

/** Adds notes to a response. They belong to this very object: a copy or a wrapper of the response has none. */
export function addNotes(response: Response, added: ResponseNotes): void {
  notes.set(response, { ...notes.get(response), ...added });
}

/** Returns the notes of a response; none for one that came through no wrapper. */
export function notesOf(response: Response): ResponseNotes {
  return notes.get(response) ?? {};
}
