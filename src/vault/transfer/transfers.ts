import { VaultError } from "../../errors.ts";
import type { Artifact, Fetchable } from "../../artifact.ts";
import { givenDigest, reusableSha256 } from "../identity.ts";
import type { TransferStatus } from "../vault.ts";
import { describeTransfers, statusOf } from "./status.ts";
import { Transfer, type TransferDeps, type TransferPlan } from "./transfer.ts";

/** Whom a transfer may serve: all who ask for its key, those who ask with the same headers, or only who started it. */
export type Sharing = "key" | "selection" | "none";

/** The transfers under way: one for each artifact, however many ask for it. */
export class Transfers {
  readonly #deps: TransferDeps;
  readonly #started: (transfer: Transfer) => void;
  readonly #joinable = new Map<string, Transfer>();
  readonly #running = new Set<Transfer>();
  /** By the name that a newer one will have. */
  readonly #outdated = new Map<string, Transfer>();
  #closing = false;

  /** `started` is notified of each new transfer. */
  constructor(deps: TransferDeps, started: (transfer: Transfer) => void) {
    this.#deps = deps;
    this.#started = started;
  }

  /** Whether a transfer of this artifact can be joined. */
  has(artifact: Fetchable): boolean {
    return this.find(artifact, "key") !== null;
  }

  /** The transfer that `join` would join; null where it would start one. */
  find(artifact: Fetchable, sharing: Sharing): Transfer | null {
    const known = sharing === "none" ? undefined : this.#joinable.get(nameOf(artifact, sharing));
    return known?.stopping === false ? known : null;
  }

  /** Upstream has another version than the one that is arriving: later requests do not join it. */
  outdate(transfer: Transfer, artifact: Fetchable, sharing: Sharing): void {
    const name = nameOf(artifact, sharing);
    if (this.#joinable.get(name) !== transfer) return;
    this.#joinable.delete(name);
    this.#outdated.set(name, transfer);
    transfer.ended.then(() => this.#outdated.get(name) === transfer && this.#outdated.delete(name));
  }

  /** Resolves when no transfer of this artifact is under way. */
  async settled({ backend, key }: Artifact): Promise<void> {
    const own = [...this.#running].filter(({ artifact }) => artifact.backend === backend && artifact.key === key);
    await Promise.all(own.map((transfer) => transfer.ended));
  }

  /** One under way for the same digest under another key, where its bytes are neither held nor coming for this one. */
  elsewhere(artifact: Fetchable): Transfer | null {
    const { backend, key, identity } = artifact;
    const sha256 = reusableSha256(identity);
    if (sha256 === null || this.has(artifact) || this.#deps.store.bodySize(sha256) !== null) return null;
    for (const transfer of this.#running) {
      const { artifact: its, stopping } = transfer;
      const digest = givenDigest(its.identity);
      const isSame = digest?.algorithm === "sha256" && digest.hex === sha256;
      if (isSame && !stopping && (its.backend !== backend || its.key !== key)) return transfer;
    }
    return null;
  }

  /** The transfer under way for this plan, or a new one. Throws `shutting_down`. */
  join(plan: TransferPlan, sharing: Sharing): { transfer: Transfer; joined: boolean } {
    const name = nameOf(plan.artifact, sharing);
    const known = this.#joinable.get(name);
    if (known && !known.stopping && sharing !== "none") {
      this.#deps.events.followerJoined(plan.artifact.backend);
      return { transfer: known, joined: true };
    }
    if (this.#closing) {
      throw new VaultError(
        "shutting_down",
        "The vault is shutting down and fetches nothing more. Ask again in a moment",
      );
    }
    let detached = false;
    const after = known?.stopping ? { after: known.ended } : {};
    const transfer: Transfer = new Transfer({ ...plan, ...after }, this.#deps, () => {
      detached = true;
      if (this.#joinable.get(name) === transfer) this.#joinable.delete(name);
    });
    this.#started(transfer);
    this.#outdated.get(name)?.succeededBy(transfer);
    this.#outdated.delete(name);
    if (sharing !== "none" && !detached) this.#joinable.set(name, transfer);
    this.#running.add(transfer);
    transfer.ended.then(() => this.#running.delete(transfer));
    return { transfer, joined: false };
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
    if (this.#running.size > 0) this.#deps.log.info(`Cutting off: ${describeTransfers(this.status())}`);
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
  return sharing === "selection" ? JSON.stringify([backend, key, requestHeaders]) : `${backend}\0${key}`;
}
