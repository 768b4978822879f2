import { VaultError } from "../errors.ts";
import { DigestSet } from "../store/digest_set.ts";
import { NumberColumn } from "../store/number_column.ts";
import { emptyConfig } from "./blob_name.ts";
import type { BodyList } from "./body_list.ts";
import type { Fact } from "./fact.ts";

/**
 * Collects the bodies that the facts of a bundle name. What it takes for that is not kept by the answers that it gives in
 * the end.
 */
export class PlannedBodies {
  /** In the order in which they come in the bundle, each once. */
  readonly #list: BodyList;
  readonly #seen = new DigestSet({ isBrief: true });
  readonly #sizes = new NumberColumn();
  readonly #unwanted = new DigestSet({ isBrief: true });
  readonly #wanted = new DigestSet({ isBrief: true });
  readonly #elsewhere = new DigestSet({ isBrief: true });
  /** Those that are in the bundle for one backend, and elsewhere for another. */
  readonly #both = new DigestSet({ isBrief: true });
  #wantsEmpty = false;

  constructor(list: BodyList) {
    this.#list = list;
  }

  /** True where an entry of a backend that is served has the empty configuration as its body. */
  get wantsEmpty(): boolean {
    return this.#wantsEmpty;
  }

  /** Notes the body of a fact about a backend that is served, or is not. Throws `bundle_wrong` where it has two sizes. */
  add({ entry, bodyIn }: Fact, { isWanted }: { readonly isWanted: boolean }): void {
    const { sha256, sizeBytes } = entry;
    if (bodyIn !== null) {
      (this.#seen.has(sha256) ? this.#both : this.#elsewhere).add(sha256);
    } else if (sha256 === emptyConfig.sha256) {
      checkSize(sha256, sizeBytes, emptyConfig.bytes.byteLength);
      this.#wantsEmpty ||= isWanted;
    } else this.#addHere(sha256, { sizeBytes, isWanted });
  }

  /** Says which bodies are for backends that are served. */
  wants(): (sha256: string) => boolean {
    const [unwanted, wanted] = [this.#unwanted, this.#wanted];
    return (sha256) => unwanted.size === 0 || !unwanted.has(sha256) || wanted.has(sha256);
  }

  /** Says of a fact whether the bundle names its body as one that comes with it, if only for another backend. */
  names(): (fact: Fact) => boolean {
    const both = this.#both;
    return ({ entry, bodyIn }) => bodyIn === null || both.has(entry.sha256);
  }

  #addHere(sha256: string, { sizeBytes, isWanted }: { readonly sizeBytes: number; readonly isWanted: boolean }): void {
    if (this.#seen.add(sha256)) {
      this.#list.add({ sha256, sizeBytes });
      this.#sizes.set(this.#seen.size - 1, sizeBytes);
      if (!isWanted) this.#unwanted.add(sha256);
      if (this.#elsewhere.has(sha256)) this.#both.add(sha256);
    } else checkSize(sha256, sizeBytes, this.#sizes.get(this.#seen.indexOf(sha256)));
    // A body of a backend that is not served may be one of another that is.
    if (isWanted && this.#unwanted.size > 0 && this.#unwanted.has(sha256)) this.#wanted.add(sha256);
  }
}

function checkSize(sha256: string, sizeBytes: number, known: number): void {
  if (sizeBytes === known) return;
  throw new VaultError("bundle_wrong", `it lists the body sha256:${sha256} with ${known} and with ${sizeBytes} bytes`);
}
