import type { VaultError } from "../../errors.ts";

export type GrowingState =
  | { readonly kind: "filling" }
  /** All bytes have come and, where a digest is expected, it matches. */
  | { readonly kind: "whole" }
  | { readonly kind: "failed"; readonly error: VaultError };

/** The view that segments and followers have of their body. */
export interface Growth {
  readonly state: GrowingState;
  /** Null while it is not known. */
  readonly sizeBytes: number | null;
  /** True while the bytes go to disk, and so late followers can read them there. */
  readonly storing: boolean;
  /** Resolves at the next change of anything here. */
  changed(): Promise<void>;
  wake(): void;
  /** Up to where a follower of the whole body may read, when bytes up to `receivedTo` have come. */
  releasedTo(receivedTo: number): number;
}
