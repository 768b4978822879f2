import type { Candidate } from "../../artifact.ts";
import type { Version } from "../../store/store.ts";
import type { ArrivingBody } from "./arriving_body.ts";
import type { Filling } from "./filling.ts";
import type { Follower } from "./follower.ts";
import type { Leases } from "./lease.ts";

export interface LiveBodyParts {
  readonly arriving: ArrivingBody;
  readonly filling: Filling;
  readonly leases: Leases;
  readonly verified: Promise<void>;
}

/** A body that is arriving, for those who joined its transfer. */
export class LiveBody {
  /** Resolves when the whole body has been checked. Rejects with a VaultError where that fails. */
  readonly verified: Promise<void>;
  /** As `verified`, or earlier where the body is not stored: its content is then not looked at. */
  readonly checked: Promise<void>;
  readonly #arriving: ArrivingBody;
  readonly #filling: Filling;
  readonly #leases: Leases;

  constructor({ arriving, filling, leases, verified }: LiveBodyParts) {
    this.#arriving = arriving;
    this.#filling = filling;
    this.#leases = leases;
    this.verified = verified;
    this.checked = Promise.race([verified, arriving.file.storingStopped.then(() => {})]);
    // Not everybody waits for them.
    for (const promise of [this.verified, this.checked]) promise.catch(() => {});
  }

  /** The size that upstream has announced; null where it has not. */
  get sizeBytes(): number | null {
    return this.#arriving.response.sizeBytes;
  }

  /** False where it is for one client only (RFC 9111 §3). */
  get storable(): boolean {
    return this.#arriving.storable;
  }

  /** True while it is being stored, and so can be followed from its first byte. */
  get storing(): boolean {
    return this.#arriving.file.storing;
  }

  /** True if it is checked against a digest before its end is released. */
  get gated(): boolean {
    return this.#arriving.file.gated;
  }

  /** True if a parser has to accept it before anybody gets it. */
  get isDocument(): boolean {
    return this.#arriving.artifact.document?.check !== undefined;
  }

  /** The SHA-256 in hex; undefined until the whole body is verified, and where it is not stored. */
  get sha256(): string | undefined {
    return this.#arriving.sha256;
  }

  /** The description from upstream's headers, as of the last time it was asked. */
  get version(): Version {
    return this.#arriving.version;
  }

  /** The upstream that sends it. */
  get candidate(): Candidate {
    return this.#arriving.response.answer.candidate;
  }

  get upstreamStatus(): number {
    return this.#arriving.response.answer.response.status;
  }

  /** A reader of the body, with a lease of its own that ends when it reads no more. */
  follow(): Follower {
    const lease = this.#leases.take();
    return this.#arriving.file.follow(() => lease.leave());
  }

  /** Makes sure that what `follower` wants is on its way. */
  ensureFetching({ offset, end }: Follower): void {
    this.#filling.ensureFetching(offset, end);
  }
}
