import type { Access } from "../server/access_line.ts";

/**
 * A request whose answer has ended, as its line in the log has it. Its `client` is for administrators alone; `reason`
 * says in words why upstream was asked and what came of it, and is empty for a hit.
 */
export interface RecentRequest extends Access {
  /** When its answer ended, in ms since the epoch. */
  readonly at: number;
  /** The name of the entry that was asked for, cached or not; empty where there is none. */
  readonly entry: string;
}
