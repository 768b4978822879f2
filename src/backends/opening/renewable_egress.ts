import { type Egress, type EgressOptions, openEgress } from "../../upstream/egress.ts";

/** A way out whose certificates may change. What is under way stays on the connections that it has. */
export class RenewableEgress implements Egress {
  readonly proxyOf: Egress["proxyOf"];
  readonly fetchAt: Egress["fetchAt"];
  readonly #read: () => Promise<EgressOptions>;
  /**
   * The last is in use. Closing one breaks what is under way on it, and there is no knowing when that has ended; its
   * idle connections end by themselves, so one is kept for each renewal.
   */
  readonly #opened: Egress[] = [];
  #options: EgressOptions;

  private constructor(read: () => Promise<EgressOptions>, options: EgressOptions) {
    this.#read = read;
    this.#options = options;
    this.#opened.push(openEgress(options));
    // Both depend on the proxy only, which stays.
    this.proxyOf = this.#current.proxyOf;
    this.fetchAt = this.#current.fetchAt === null
      ? null
      : (request, address) => this.#current.fetchAt!(request, address);
  }

  /** Opens a way out as `read` says. Throws what that throws, and as `openEgress`. */
  static async open(read: () => Promise<EgressOptions>): Promise<RenewableEgress> {
    return new RenewableEgress(read, await read());
  }

  /** Reads the options again: if they have changed, later requests use them. Throws like `open`, and changes nothing. */
  async renew(): Promise<void> {
    const options = await this.#read();
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#opened.push(openEgress(options));
    this.#options = options;
  }

  readonly fetch: Egress["fetch"] = (request) => this.#current.fetch(request);

  close(): void {
    for (const egress of this.#opened) egress.close();
  }

  get #current(): Egress {
    return this.#opened.at(-1)!;
  }
}
