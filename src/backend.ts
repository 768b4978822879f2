import type { Artifact } from "./artifact.ts";
import type { Provenance } from "./document.ts";
import type { VaultError } from "./errors.ts";
import type { HeaderList } from "./http/headers.ts";
import type { VaultReader } from "./reader.ts";

/** Where a request came from. */
export interface Client {
  /** Its address. */
  readonly host: string;
  /** Tells its connections apart. */
  readonly port: number;
}

/** A request below a backend's prefix. */
export interface BackendRequest {
  readonly client: Client;
  /** What stands before `path` in the URL the client asked for: the prefix, or empty where that is the root. */
  readonly base: string;
  /** Scheme and host of the URL the client asked for, as it wrote them; without it, links can only be relative. */
  readonly origin?: string;
  /** Begins with a slash; still percent-encoded, free of dot segments. */
  readonly path: string;
  /** Whether the prefix was asked for without a slash behind it, which `path` does not tell. False when absent. */
  readonly isBarePrefix?: boolean;
  /** Begins with `?`, or is empty. */
  readonly query: string;
  readonly headers: Headers;
}

/** What a request means. */
export type Resolved =
  | ResolvedArtifact
  | { readonly kind: "document"; readonly document: GeneratedDocument }
  | { readonly kind: "answer"; readonly answer: DirectAnswer };

/** An artifact, and what the client that asked for it is sent. */
export interface ResolvedArtifact {
  readonly kind: "artifact";
  readonly artifact: Artifact;
  /** Whether its relative links count from the URL it was asked for by: then folders are redirected to their slash. */
  readonly hasRelativeLinks?: boolean;
  /** Sent where no upstream has it, instead of an error. */
  readonly ifMissing?: DirectAnswer;
  /** The headers to send in place of the stored ones; with the SHA-256 of the body, in hex, where that is known. */
  headers?(stored: HeaderList, sha256?: string): HeaderList;
  /**
   * Called for each answer to a GET, once it can be sent, with the stored headers and the SHA-256 of the body, in hex,
   * where that is known. Throws nothing.
   */
  onServed?(stored: HeaderList, sha256?: string): void;
}

/** An answer that needs no upstream and is not kept. */
export interface DirectAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: HeaderList;
  readonly body: string;
}

/** A document of the vault's own, generated from what upstreams say. */
export interface GeneratedDocument {
  /** `ETag`, `Last-Modified` and `Vary` as far as it has them, and its `Content-Type`. */
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What it was made from, and so how old it is. */
  readonly source: Provenance;
}

/** Says what a request means. Does no I/O of its own. */
export interface Backend {
  readonly name: string;
  /** As in the configuration: `http`, `pypi`, … */
  readonly type: string;
  /** Begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /** At most this many large bodies from one upstream host at once. */
  readonly maxTransfers: number;
  /** URLs of the upstreams it stands for, for clients that use the vault as their proxy. */
  readonly standsFor?: readonly string[];
  /** What a client writes to use it, for the vault's start page; `at` is the URL of its prefix, as the client sees it. */
  usage?(at: string): string;
  /** Throws `bad_request` or `not_found` for a path that means nothing here, and as the reader does. */
  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved>;
  /** An error in the protocol spoken here; plain text where absent. */
  formatError?(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status">;
}
