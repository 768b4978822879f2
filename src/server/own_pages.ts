import type { Client } from "../backend.ts";
import type { Target } from "../http/path.ts";
import { problemReply } from "./problem.ts";
import type { Reply } from "./reply.ts";

/** Besides method, target and headers: what a page of the vault's own may want to know of a request. */
export interface OwnRequestInfo {
  /** The other end of the connection, which may be a proxy. */
  readonly client: Client;
  /** The part of the client's path that a proxy has cut off; none when absent. */
  readonly outerPrefix?: string;
  /** Ends when the client is gone. */
  readonly signal: AbortSignal;
  /**
   * Reads the body as a whole; null where there is none. Throws `too_large` for more than `maxBytes`, `request_silent`
   * and `bad_request`.
   */
  readBody(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
}

/**
 * Pages of the vault's own, handed to the server: its start page at `/`, and whatever is below `/-/`. They are not
 * counted in `max_requests`, and no upstream is asked while a client waits for one.
 */
export interface OwnPages {
  /**
   * The answer to a request of any method for `/` or a path below `/-/`; null for what is not theirs, such as `/` for
   * a client that does not ask for HTML. May throw a VaultError.
   */
  answer(method: string, target: Target, headers: Headers, info: OwnRequestInfo): Reply | Promise<Reply> | null;
}

/** The URL by which a client has reached the vault, also behind a proxy. */
export function vaultUrl({ origin }: Target, { outerPrefix = "" }: OwnRequestInfo): string {
  return origin + outerPrefix;
}

/** Says whether a request may be for some pages, before they are loaded. */
export type IsTheirs = (path: string, headers: Headers) => boolean;

/**
 * Pages that are loaded when one of them is asked for first, so that no start has to. What `isTheirs` is true for never
 * goes on to a backend: where the pages do not know it, the answer is 404.
 */
export function pagesWhenAsked(isTheirs: IsTheirs, load: () => Promise<OwnPages>): OwnPages {
  let loaded: OwnPages | null = null;
  return {
    answer(method, target, headers, info) {
      if (!isTheirs(target.path, headers)) return null;
      const answerOf = (pages: OwnPages) =>
        pages.answer(method, target, headers, info) ?? notFound(method, target.path);
      if (loaded !== null) return answerOf(loaded);
      return load().then((pages) => answerOf(loaded = pages));
    },
  };
}

/** Loads once for all who ask, and once more after a failure. */
export function onceLoaded(load: () => Promise<OwnPages>): () => Promise<OwnPages> {
  let loading: Promise<OwnPages> | null = null;
  return () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

function notFound(method: string, path: string): Reply {
  return problemReply(method, { status: 404, detail: `There is nothing at ${path}` });
}
