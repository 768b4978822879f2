import { LRUCache } from "lru-cache";
import type { KeepParsed, Parser, ReadableBody } from "../../document.ts";

/** The parsed documents, in bounded memory: by parser, digest of the body, and where that came from. */
export class MadeReadings {
  readonly #made: LRUCache<string, Made> | null;
  readonly #closing = new AbortController();

  /** `memoryBytes` is how much may be kept, as the readings sizeOf it. */
  constructor(memoryBytes: number) {
    this.#made = memoryBytes > 0
      ? new LRUCache({ maxSize: memoryBytes, sizeCalculation: ({ weight }) => weight })
      : null;
  }

  /** Aborted by `close`. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Returns what a parser has made of a body with this SHA-256; null where that is not kept. */
  get<T>(reading: Parser<T>, body: MadeOf, sha256: string): { readonly value: T } | null {
    return this.#made?.get(nameOf(reading, body, sha256)) as { readonly value: T } | undefined ?? null;
  }

  /**
   * Makes something of a body and keeps it, with what is made along with it. `sha256` is asked for afterwards. Rejects
   * as both do.
   */
  async make<T>(reading: Parser<T>, body: ReadableBody, sha256: () => Promise<string>): Promise<T> {
    const others: ((digest: string) => void)[] = [];
    const keep: KeepParsed = (other, value) => void others.push((digest) => this.#set(other, value, { body, digest }));
    const value = await reading.parse(body, keep);
    const digest = await sha256();
    for (const keepOther of others) keepOther(digest);
    this.#set(reading, value, { body, digest });
    return value;
  }

  /** Stops the parsers under way that can be stopped. */
  close(): void {
    this.#closing.abort();
  }

  #set<T>(reading: Parser<T>, value: T, { body, digest }: { body: MadeOf; digest: string }): void {
    this.#made?.set(nameOf(reading, body, digest), { value, weight: Math.ceil(reading.sizeOf(value)) + 200 });
  }
}

interface Made {
  readonly value: unknown;
  readonly weight: number;
}

type MadeOf = Pick<ReadableBody, "url" | "location">;

function nameOf({ name }: Parser<unknown>, { url, location }: MadeOf, sha256: string): string {
  return `${sha256} ${url} ${location} ${name}`;
}
