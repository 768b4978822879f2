import { VaultError } from "../../errors.ts";
import type { UnverifiedBody } from "../../store/store.ts";
import type { Hashing } from "./hashing.ts";

/** Compares stored bodies with their digest, off this thread, and each once for however many wait for it. */
export class Verification {
  readonly #hashing: Hashing;
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor(hashing: Hashing) {
    this.#hashing = hashing;
  }

  /** Whether the body is sound. Rejects with `storage_failed` where its file cannot be read. */
  isSound(body: UnverifiedBody): Promise<boolean> {
    const { sha256 } = body;
    const known = this.#underWay.get(sha256);
    if (known) return known;
    const verified = this.#verify(body).finally(() => this.#underWay.delete(sha256));
    this.#underWay.set(sha256, verified);
    return verified;
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
