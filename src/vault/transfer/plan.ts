import type { Candidate, Fetchable } from "../../artifact.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import type { Entry, Store } from "../../store/store.ts";
import type { RangeSupport } from "../asking/part_condition.ts";
import type { Turns } from "../asking/turn.ts";
import type { MadeReadings } from "../documents/made_readings.ts";
import type { Hashing } from "../hashing/hashing.ts";

/** The task of a transfer: what it fetches, and for whom. */
export interface TransferPlan {
  readonly artifact: Fetchable;
  /** The candidates in the order to try them. */
  readonly candidates: readonly Candidate[];
  /** A stale copy that upstream is asked to revalidate; null where there is none. */
  readonly stale: Entry | null;
  /** True if a request that fails is repeated after a pause: not while a stale copy can be served instead. */
  readonly retry: boolean;
  /** The first byte that the first client wants. */
  readonly firstByte: number;
  /** The end of the part that is wanted, exclusive; `Infinity` for the end of the body. */
  readonly wantedTo: number;
}

export interface TransferLimits {
  /** A range that begins at most this far beyond what has come waits for it. */
  readonly rangeAheadBytes: number;
  readonly maxSegments: number;
  /** The number of interruptions in a row, without a byte of progress, that a transfer survives. */
  readonly resumeAttempts: number;
  /** The wait before the nth attempt in a row; rejects when the signal aborts. */
  readonly backoff: (attempt: number, signal: AbortSignal) => Promise<void>;
}

/** The parts of a vault that all its transfers share. */
export interface TransferTools {
  readonly store: Store;
  readonly made: MadeReadings;
  readonly hashing: Hashing;
  readonly turns: Turns;
  readonly rangeSupport: RangeSupport;
  readonly events: VaultEvents;
  readonly log: Log;
  readonly limits: TransferLimits;
}
