import type { CacheCommands } from "../../cache_commands/contract.ts";
import type { Pin } from "../../inventory/pins.ts";
import type { Usage } from "./usage.ts";

/** A cache that a command works on: a directory here, or that of a server. */
export interface OpenedCache extends CacheCommands {
  /** Its directory, for people. */
  readonly dir: string;
  /** `cache_max_size`; null without it. */
  readonly maxBytes: number | null;
  /** The names of the backends that are configured. */
  readonly configured: readonly string[];
  /** Null where no vault tells of its use. */
  usage(): Promise<Usage | null>;
  pins(): Promise<readonly Pin[]>;
  /** Returns those that are new. Throws `config_invalid`. */
  addPins(patterns: readonly string[]): Promise<readonly string[]>;
  /** Returns those that were pins. */
  removePins(patterns: readonly string[]): Promise<readonly string[]>;
}
