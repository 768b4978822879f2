import type { FsLayout } from "./fs_layout.ts";
import { Retainer, type RetainerDeps, type RetentionOptions } from "./retainer.ts";
import { Scrubber, type ScrubberDeps, type ScrubOptions } from "./scrub.ts";
import { wait } from "./scrub_pace.ts";

/** What is done in the background for the bodies that are there; null for what is not done. */
export interface UpkeepOptions {
  /** The pace at which all bodies are compared with their digests. */
  readonly scrub: ScrubOptions | null;
  /** How long bodies stay that nobody asks for. */
  readonly retention: RetentionOptions | null;
}

interface UpkeepDeps {
  readonly scrubber: ScrubberDeps;
  readonly retainer: Omit<RetainerDeps, "sleep">;
}

/** Verifies the bodies of a cache and removes unused ones, by rules that may change while it runs. */
export class Upkeep {
  readonly #layout: FsLayout;
  readonly #deps: UpkeepDeps;
  #scrub: ScrubOptions | null = null;
  #scrubber: Scrubber | null = null;
  #retainer: Retainer | null = null;

  constructor(layout: FsLayout, options: UpkeepOptions, deps: UpkeepDeps) {
    this.#layout = layout;
    this.#deps = deps;
    this.#verify(options);
    this.#retain(options);
  }

  /** Goes by other rules from now on. A pass of verification under way is resumed at the new pace. */
  async configure(options: UpkeepOptions): Promise<void> {
    if (!isSamePace(options.scrub, this.#scrub)) {
      await this.#scrubber?.close();
      this.#verify(options);
    }
    // Rules of retention are functions, which cannot be compared.
    await this.#retainer?.close();
    this.#retain(options);
  }

  async close(): Promise<void> {
    await this.#scrubber?.close();
    await this.#retainer?.close();
  }

  #verify({ scrub }: UpkeepOptions): void {
    this.#scrub = scrub;
    this.#scrubber = scrub && new Scrubber(this.#layout, scrub, this.#deps.scrubber);
  }

  #retain({ retention }: UpkeepOptions): void {
    if (retention === null) {
      this.#retainer = null;
      return;
    }
    const { sleep = wait, ...rules } = retention;
    this.#retainer = new Retainer(this.#layout, rules, { ...this.#deps.retainer, sleep });
  }
}

function isSamePace(one: ScrubOptions | null, other: ScrubOptions | null): boolean {
  return one?.everyMs === other?.everyMs && one?.bytesPerSecond === other?.bytesPerSecond;
}
