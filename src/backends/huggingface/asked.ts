import type { BackendRequest } from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import type { Caller } from "./caller.ts";
import type { HubRequest } from "./request.ts";

/** A request, and what it takes to answer it. */
export interface Asked {
  readonly request: BackendRequest;
  readonly vault: VaultReader;
  readonly caller: Caller;
  /** The URL of the backend as the client wrote it. */
  readonly base: string;
}

export type Kind<K extends HubRequest["kind"]> = Extract<HubRequest, { kind: K }>;
