import type { SourceTree } from "../../shelf.ts";

/** A source that was opened. */
export interface OpenedTree extends SourceTree {
  /** Adds up the bytes of all files, as far as they have names of their own; Infinity where that would take long. */
  totalBytes(): Promise<number>;
}
