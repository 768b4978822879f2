import { type Egress, type EgressOptions, openEgress } from "../../upstream/egress.ts";

/** Connections to upstreams whose certificates may change. Requests under way keep their connections. */
export class RenewableEgress implements Egress {
  readonly proxyOf: Egress["proxyOf"];
  readonly fetchAt: Egress["fetchAt"];
  readonly #read: () => Promise<EgressOptions>;
  /**
   * One for each renewal; the last is in use. Older ones stay open, since closing them would interrupt their requests.
   * Their idle connections end by themselves.
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

  /** Opens connections with the options that `read` returns. Throws what `read` and `openEgress` throw. */
  static async open(read: () => Promise<EgressOptions>): Promise<RenewableEgress> {
    return new RenewableEgress(read, await read());
  }

  /** Reads the options again, for later requests. Throws as `open`; the old options then stay in use. */
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
