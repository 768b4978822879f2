import type { CarriedEntry } from "../carrying.ts";

/** A backend that entries are written for. */
export interface ServedBackend {
  readonly name: string;
  /** True for entries that become visible after all others. */
  isRoot(entry: CarriedEntry): boolean;
  /** True for a type of backend, the word after `type:`, whose entries this one can serve. */
  serves(type: string): boolean;
}
