import { NumberColumn } from "../store/number_column.ts";
import { OwnedBodies } from "./owned_bodies.ts";

/** A body that a vault has for a backend; null where it is not known for which one. */
export interface SummedBody {
  readonly sha256: string;
  readonly backend: string | null;
  /** The place in the chain of the bundle that it came with. */
  readonly link: number;
}

/** What the names of backends begin with for which an export has met a body that the other side does not have for them. */
const metMark = "\0";

/** Bodies that the other side has, and those that an export has met, in one set: most are both. */
export class KnownBodies {
  readonly #owned = new OwnedBodies();
  /** By body: its place in the chain plus one; 0 for one that the other side does not have. */
  readonly #links = new NumberColumn();
  /** By body: 1 for one that was met. */
  readonly #met = new NumberColumn();

  /** Adds one of the other side. Of a body that came with several bundles, the first counts. */
  add({ sha256, backend, link }: SummedBody): void {
    if (this.#owned.add(sha256, backend) === "body") this.#links.set(this.#owned.indexOf(sha256), link + 1);
  }

  /** The place in the chain of the bundle with which the other side got a body; -1 where it does not have it. */
  linkOf(sha256: string): number {
    return this.#valueOf(sha256, this.#links) - 1;
  }

  /** True where it is known that this backend has the body on the other side. */
  isThere(sha256: string, backend: string): boolean {
    return this.#owned.has(sha256, backend);
  }

  /** Notes that a backend has the body here. */
  meet(sha256: string, backend: string): {
    /** True where no backend had it before. */
    readonly isFirst: boolean;
    /** True where this backend has it neither on the other side nor before. */
    readonly isNew: boolean;
  } {
    const isNew = !this.isThere(sha256, backend) && this.#owned.add(sha256, metMark + backend) !== "nothing";
    const isFirst = !this.isMet(sha256);
    if (isFirst) this.#met.set(this.#owned.indexOf(sha256), 1);
    return { isFirst, isNew };
  }

  isMet(sha256: string): boolean {
    return this.#valueOf(sha256, this.#met) === 1;
  }

  /** 0 for an unknown body. */
  #valueOf(sha256: string, column: NumberColumn): number {
    const index = this.#owned.indexOf(sha256);
    return index < 0 ? 0 : column.get(index);
  }
}
