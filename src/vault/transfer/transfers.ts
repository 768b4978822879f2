import { VaultError } from "../../errors.ts";
import type { Artifact, Fetchable } from "../../artifact.ts";
import { givenDigest, reusableSha256 } from "../identity.ts";
import type { TransferStatus } from "../vault.ts";
import type { Lease } from "./lease.ts";
import type { TransferPlan, TransferTools } from "./plan.ts";
import { describeTransfers, statusOf } from "./status.ts";
import { Transfer } from "./transfer.ts";

/**
 * The clients that may share a transfer: all that ask for its key, those that ask with the same headers, or only the
 * one that started it.
 */
export type Sharing = "key" | "variant" | "none";

/** A transfer, and the lease of the one who asked for it, who gives it back. */
export interface Joined {
  readonly transfer: Transfer;
  readonly lease: Lease;
  /** False for the one who started it. */
  readonly isShared: boolean;
}

/** The transfers under way: one for each artifact, however many ask for it. */
export class Transfers {
  readonly #tools: TransferTools;
  readonly #onStart: (transfer: Transfer) => void;
  /** The latest of each name. */
  readonly #latest = new Map<string, Transfer>();
  readonly #running = new Set<Transfer>();
  /** The transfers of replaced versions, by the name that a newer one will have. */
  readonly #outdated = new Map<string, Transfer>();
  #closing = false;

  /** `onStart` is called with each new transfer. */
  constructor(tools: TransferTools, onStart: (transfer: Transfer) => void) {
    this.#tools = tools;
    this.#onStart = onStart;
  }

  /** Says whether a transfer of this artifact can be joined. */
  has(artifact: Fetchable): boolean {
    return this.find(artifact, "key") !== null;
  }

  /** The transfer that `join` would join; null where it would start one. */
  find(artifact: Fetchable, sharing: Sharing): Transfer | null {
    const known = sharing === "none" ? undefined : this.#latest.get(nameOf(artifact, sharing));
    return known?.isJoinable ? known : null;
  }

  /** Upstream has another version than the one that is arriving: later requests do not join it. */
  outdate(transfer: Transfer, artifact: Fetchable, sharing: Sharing): void {
    const name = nameOf(artifact, sharing);
    if (this.#latest.get(name) !== transfer) return;
    this.#latest.delete(name);
    this.#outdated.set(name, transfer);
    transfer.ended.then(() => this.#outdated.get(name) === transfer && this.#outdated.delete(name));
  }

  /** Resolves when no transfer of this artifact is under way. */
  async settled({ backend, key }: Artifact): Promise<void> {
    const own = [...this.#running].filter(({ artifact }) => artifact.backend === backend && artifact.key === key);
    await Promise.all(own.map((transfer) => transfer.ended));
  }

  /**
   * Returns a transfer of the same digest under another key, where its bytes are neither stored nor arriving for this
   * one; null where there is none.
   */
  elsewhere(artifact: Fetchable): Transfer | null {
    const { backend, key, identity } = artifact;
    const sha256 = reusableSha256(identity);
    if (sha256 === null || this.has(artifact) || this.#tools.store.bodySize(sha256) !== null) return null;
    for (const transfer of this.#running) {
      const { artifact: its, stopping } = transfer;
      const digest = givenDigest(its.identity);
      const isSame = digest?.algorithm === "sha256" && digest.hex === sha256;
      if (isSame && !stopping && (its.backend !== backend || its.key !== key)) return transfer;
    }
    return null;
  }

  /** Joins the transfer under way for this plan, or a new one. Throws `shutting_down`. */
  join(plan: TransferPlan, sharing: Sharing): Joined {
    const known = this.find(plan.artifact, sharing);
    if (known) this.#tools.events.followerJoined(plan.artifact.backend);
    const transfer = known ?? this.#start(plan, sharing);
    return { transfer, lease: transfer.join(), isShared: known !== null };
  }

  #start(plan: TransferPlan, sharing: Sharing): Transfer {
    if (this.#closing) {
      throw new VaultError(
        "shutting_down",
        "The vault is shutting down and fetches nothing more. Ask again in a moment",
      );
    }
    const name = nameOf(plan.artifact, sharing);
    const before = this.#latest.get(name);
    const transfer = new Transfer(plan, this.#tools, before?.stopping ? before.ended : null);
    this.#onStart(transfer);
    this.#outdated.get(name)?.succeededBy(transfer);
    this.#outdated.delete(name);
    if (sharing !== "none") this.#latest.set(name, transfer);
    this.#running.add(transfer);
    transfer.ended.then(() => {
      this.#running.delete(transfer);
      if (this.#latest.get(name) === transfer) this.#latest.delete(name);
    });
    return transfer;
  }

  /** The transfers under way, those that began first first. */
  status(): TransferStatus[] {
    return Array.from(this.#running, statusOf);
  }

  /** Starts no more, waits up to `timeoutMs` for those under way, then stops them. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, timeoutMs);
    await Promise.race([this.#allEnded(), waited.promise]);
    clearTimeout(timer);
    if (this.#running.size > 0) this.#tools.log.info(`Cutting off: ${describeTransfers(this.status())}`);
    for (const transfer of this.#running) {
      transfer.stop(new VaultError("shutting_down", "the vault is shutting down; the bytes so far are kept"));
    }
    await this.#allEnded();
  }

  async #allEnded(): Promise<void> {
    await Promise.all([...this.#running].map((transfer) => transfer.ended));
  }
}

function nameOf({ backend, key, requestHeaders }: Fetchable, sharing: Sharing): string {
  return sharing === "variant" ? JSON.stringify([backend, key, requestHeaders]) : `${backend}\0${key}`;
}
