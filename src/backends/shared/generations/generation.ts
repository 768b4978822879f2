import type { Artifact } from "../../../artifact.ts";
import type { Parsed, ReadableBody } from "../../../document.ts";
import type { VaultReader } from "../../../reader.ts";

/** A parsed root document, and its bytes as they were signed. */
export interface RootDocument<Root> {
  readonly root: Root;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type RootRead<Root> = Parsed<RootDocument<Root>>;

/**
 * The copies of a root document: the `latest` that upstream has, the `next` that is being adopted, the `adopted` that
 * clients get, and the adopted one where caches of earlier versions have it. Only the latest is requested upstream.
 */
export type RootCopy = "latest" | "next" | "adopted" | "former";

/**
 * The rules of a protocol for its generations. A generation is a root document, which lists its members with their
 * digests: apt's Release, the repomd.xml of RPM, the repodata of Conda. A root document is known by its path.
 */
export interface GenerationRules<Root> {
  /** The protocol's word for a root document, for the log: `release`. */
  readonly noun: string;
  readonly maxRootBytes: number;
  /** Rejects with `upstream_failed` for a body that is no root document. Large ones are to be parsed on a thread. */
  parse(body: ReadableBody): Promise<Root>;
  /** About how many bytes of memory a root takes. */
  sizeOf(root: Root): number;
  /** When it was made, in ms since the epoch; null where it does not say. */
  madeAt(root: Root): number | null;
  root(path: string, copy: RootCopy): Artifact;
  members(root: Root): Iterable<string>;
  has(root: Root, member: string): boolean;
  /** Names a member of the root at `path` in every generation. */
  nameOf(path: string, member: string): string;
  /** A member that the root at `path` lists, as an artifact of its digest. */
  member(path: string, root: Root, member: string): Artifact;
  /**
   * Fetches what belongs to the next root document and is listed nowhere, such as its signature. Throws VaultError
   * where that does not fit: then the adopted generation stays.
   */
  fetchCompanions?(change: GenerationChange<Root>, vault: VaultReader): Promise<void>;
}

/** A root document that is to take the place of the adopted one. */
export interface GenerationChange<Root> {
  /** The path of both. */
  readonly path: string;
  /** Null where none is adopted yet. */
  readonly adopted: RootRead<Root> | null;
  readonly next: RootRead<Root>;
}

export interface GenerationLog {
  info(message: string): void;
  warning(message: string): void;
}
