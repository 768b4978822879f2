import { VaultError } from "../../errors.ts";
import type { UnverifiedBody } from "../../store/store.ts";
import { SingleFlight } from "../../single_flight.ts";
import type { Hashing } from "./hashing.ts";

/** Compares stored bodies with their digests, off this thread, once for all who wait for the same body. */
export class Verification {
  readonly #hashing: Hashing;
  readonly #verifications = new SingleFlight<string, boolean>();

  constructor(hashing: Hashing) {
    this.#hashing = hashing;
  }

  /** Says whether the body is sound. Rejects with `storage_failed` where its file cannot be read. */
  isSound(body: UnverifiedBody): Promise<boolean> {
    return this.#verifications.run(body.sha256, () => this.#verify(body));
  }

  /** Resolves where the body is sound. Rejects with `storage_failed` where it is not, or cannot be read. */
  async require(body: UnverifiedBody): Promise<void> {
    if (await this.isSound(body)) return;
    throw new VaultError("storage_failed", "A stored body was damaged: it had another digest than it should have");
  }

  async #verify(body: UnverifiedBody): Promise<boolean> {
    const hash = this.#hashing.follow(body.path, body.sizeBytes, ["sha256"]);
    try {
      hash.advance(body.sizeBytes);
      const { digests } = await hash.digests();
      return body.settle(digests.sha256!);
    } finally {
      hash.close();
    }
  }
}
