import type { Backend } from "../backend.ts";
import type { BackendConfig, BackendSchema, Config } from "../config/schema.ts";
import type { Destination } from "../config/warnings.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Upstreams } from "./opening/upstreams.ts";

/** What a backend is opened with. */
export interface Opening {
  readonly config: Config;
  readonly upstreams: Upstreams;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Hosts that clients may choose as the upstream. */
export interface ClientHost {
  /** A host, a host whose first labels are stars, or `any`. */
  readonly pattern: string;
  /** What people call it, for the message at start. */
  readonly inWords: string;
}

/**
 * A type of backend: its keys in the configuration, and how one of them is opened. `Parsed` is what its schema makes of
 * an entry of `backends`. Everything but `schema` and `open` may be absent.
 */
export interface BackendType<Parsed extends BackendConfig = BackendConfig, Opened extends Backend = Backend> {
  /** Made by `backendSchema`. Several words after `type:` may mean this type. */
  readonly schema: BackendSchema;
  /** Throws `config_invalid`, `storage_failed` or `permission_missing`. */
  open(backend: Parsed, opening: Opening): Promise<Opened>;
  /** What takes the place of all backends of this type; `others` are those of the other types. */
  together?(opened: readonly Opened[], others: readonly Backend[]): readonly Backend[];
  /** The URLs that get each of a backend's credentials. */
  destinations?(backend: Parsed): readonly Destination[];
  /** What is allowed and hardly meant, one sentence each; `all` are the backends of all types. */
  warnings?(backends: readonly Parsed[], all: readonly BackendConfig[]): readonly string[];
  /** The hosts that clients choose, besides those of the configuration. */
  clientHosts?(backend: Parsed): readonly ClientHost[];
  /** What the backends serve together besides their own prefixes: a line each for the message at start. */
  sharedRoutes?(backends: readonly Parsed[], all: readonly BackendConfig[]): readonly string[];
}
