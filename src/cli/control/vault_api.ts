import type { ApiRequest } from "./protocol.ts";

/** An answer whose body may go on for as long as both sides like. Whoever gets it reads or cancels the body. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The own pages of a running vault, whether reached by its address or by its control socket. */
export interface VaultApi {
  /** Its address, for people, without credentials. */
  readonly url: string;
  /** Rejects with a VaultError where it does not answer, and when aborted. */
  ask(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer>;
}
