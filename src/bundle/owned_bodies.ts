import { DigestSet } from "../store/digest_set.ts";
import { NumberColumn } from "../store/number_column.ts";

/**
 * Bodies by their SHA-256 in hex, each with the backends that have it, as far as they are known. Almost every body has
 * one backend, which takes a byte.
 */
export class OwnedBodies {
  readonly #digests = new DigestSet({ isBrief: true });
  /** By body: the number of the backend that was named first, which is its place in `#names` plus one; 0 for none. */
  readonly #first = new NumberColumn();
  readonly #names: string[] = [];
  /** The bodies of each backend that was not named first for them. */
  readonly #further = new Map<string, DigestSet>();

  /** Adds a body of a backend; null for one that is not known. Says what of it is new. */
  add(sha256: string, backend: string | null): "body" | "backend" | "nothing" {
    const isNew = this.#digests.add(sha256);
    if (backend !== null && !this.has(sha256, backend)) {
      this.#addBackend(sha256, backend);
      if (!isNew) return "backend";
    }
    return isNew ? "body" : "nothing";
  }

  /** True for a body that this backend has; that any has where none is named. */
  has(sha256: string, backend?: string): boolean {
    const index = this.indexOf(sha256);
    if (index < 0 || backend === undefined) return index >= 0;
    return this.#nameAt(index) === backend || (this.#further.get(backend)?.has(sha256) ?? false);
  }

  /** The number of bodies that were added before this one; -1 for an unknown one. */
  indexOf(sha256: string): number {
    return this.#digests.indexOf(sha256);
  }

  #nameAt(index: number): string | null {
    return this.#names[this.#first.get(index) - 1] ?? null;
  }

  #addBackend(sha256: string, backend: string): void {
    const index = this.indexOf(sha256);
    if (this.#first.get(index) === 0) return this.#first.set(index, this.#numberOf(backend));
    const bodies = this.#further.get(backend) ?? new DigestSet({ isBrief: true });
    this.#further.set(backend, bodies);
    bodies.add(sha256);
  }

  #numberOf(backend: string): number {
    const at = this.#names.indexOf(backend);
    return at < 0 ? this.#names.push(backend) : at + 1;
  }
}
