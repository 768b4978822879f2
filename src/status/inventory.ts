/** An entry as the inventory knows it. Times are in ms since the epoch. */
export interface InventoryEntry {
  /** Backend and key. */
  readonly name: string;
  readonly backend: string;
  readonly sizeBytes: number;
  readonly storedAt: number;
  /** When its body was last used; null where the body is gone, or has not come yet. */
  readonly usedAt: number | null;
  /** True where nobody has asked for it again since it arrived. */
  readonly isUnused: boolean;
}

/** An entry and how often it was served since the start. */
export interface UsedEntry {
  readonly name: string;
  readonly hits: number;
}

export const inventoryOrders = ["name", "size", "newest", "oldest", "used", "unused"] as const;

/** `size` has the largest first; `used` what was used last; `unused` what was not used for longest. */
export type InventoryOrder = typeof inventoryOrders[number];

export interface InventoryQuery {
  /** A part of the name, in any case; all names when absent. */
  readonly search?: string | undefined;
  readonly backend?: string | undefined;
  /** `name` when absent. */
  readonly sort?: InventoryOrder | undefined;
  /** As the page before it said. */
  readonly cursor?: string | undefined;
  /** At most 500. */
  readonly limit: number;
}

export interface InventoryPage {
  readonly entries: readonly InventoryEntry[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
}

export interface InventoryBackend {
  readonly name: string;
  readonly entries: number;
  /** The sizes of its entries together: bodies that several of them have count several times. */
  readonly entryBytes: number;
  readonly unusedEntries: number;
}

/** What is known of all entries together, as of `at`. */
export interface InventorySummary {
  /** When the cache directory was read last; null before it has been. */
  readonly at: number | null;
  /** True while it is being read in the background. */
  readonly isReading: boolean;
  /** The entries that have been read so far meanwhile; 0 where nothing is being read. */
  readonly entriesRead: number;
  readonly entries: number;
  readonly backends: readonly InventoryBackend[];
  /** At most 20 of each. */
  readonly largest: readonly InventoryEntry[];
  readonly newest: readonly InventoryEntry[];
  readonly neverUsed: readonly InventoryEntry[];
  readonly mostUsed: readonly UsedEntry[];
}

/**
 * What is in the cache, of up to millions of entries: the directory is read in the background, so that an answer takes
 * no longer for many. It is as old as `at` says.
 */
export interface Inventory {
  /** Returns at once. Asking for it has the directory read, where that was long ago. */
  summary(): InventorySummary;
  /** The same, without having the directory read. */
  known(): InventorySummary;
  /** Throws `bad_request` for a cursor of something else. Waits for the first reading where there was none yet. */
  page(query: InventoryQuery): Promise<InventoryPage>;
  /** The names of other entries that have the same bytes, at most 100. */
  sameBytes(name: string, sha256: string): Promise<readonly string[]>;
}
