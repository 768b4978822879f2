import type { TaskDocument } from "./document.ts";

/**
 * Makes something of documents, which it reads in their order. Its options and its result are plain values of few and
 * large parts, since both are copied between threads.
 */
export type Task = (documents: readonly TaskDocument[], options: never) => unknown;

export type Tasks = Readonly<Record<string, Task>>;

/**
 * The tasks of one protocol. The module at `url` exports this very value under the name `tasks`: a thread imports it
 * from there.
 */
export interface TaskModule<Named extends Tasks = Tasks> {
  readonly url: string;
  /** A document that is larger once it is unpacked is refused with `upstream_failed`. */
  readonly maxBytes: number;
  readonly tasks: Named;
}
