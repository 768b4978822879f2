import type { Backend } from "../backend.ts";
import type { Carrying } from "../carrying.ts";
import type { BackendConfig, BackendSchema, Config } from "../config/schema.ts";
import type { Destination } from "../config/warnings.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { CachedFolder, Shelf, SourceTree } from "../shelf.ts";
import type { WarmSource } from "../warming.ts";
import type { Upstreams } from "./opening/upstreams.ts";

/** The parts of the program that a backend is opened with. */
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
  /** Its name for people, in the message at start. */
  readonly inWords: string;
}

/** How foreign sources of a protocol become upstreams, to be imported. */
export interface Shelving<Parsed extends BackendConfig = BackendConfig> {
  /** What is recognised, as nouns: `an OCI image layout`. */
  readonly recognises: readonly string[];
  /** Returns the shelf of a source that this protocol recognises; null for any other. */
  open(source: SourceTree): Promise<Shelf | null>;
  /**
   * Returns the shelf of what the original Artifact Vault has cached for a backend like this one. Absent where that
   * cannot be imported.
   */
  openCached?(folder: CachedFolder, backend: Parsed): Promise<Shelf>;
  /** Returns the URLs of a backend's upstreams, and others that mean the same. */
  urlsOf(backend: Parsed): readonly string[];
  /** Returns a backend that asks its upstream whatever is cached, and for nothing but what is requested. */
  eager(backend: Parsed): Parsed;
}

/**
 * A type of backend: its keys in the configuration, and how one is opened. `Parsed` is an entry of `backends` as its
 * schema parses it. Everything but `schema` and `open` may be absent.
 */
export interface BackendType<Parsed extends BackendConfig = BackendConfig, Opened extends Backend = Backend> {
  /** Made by `backendSchema`. Several words after `type:` may mean the same type. */
  readonly schema: BackendSchema;
  /** What is special about its entries when they are carried in a bundle. */
  readonly carrying?: Carrying;
  /** Throws `config_invalid`, `storage_failed` or `permission_missing`. */
  open(backend: Parsed, opening: Opening): Promise<Opened>;
  /**
   * Returns the backends that take the place of all of this type, such as one more that serves them together; `others`
   * are those of the other types.
   */
  together?(opened: readonly Opened[], others: readonly Backend[]): readonly Backend[];
  /** Returns the URLs that get each of a backend's credentials. */
  destinations?(backend: Parsed): readonly Destination[];
  /** Returns a sentence for each thing that is allowed and probably a mistake; `all` are the backends of all types. */
  warnings?(backends: readonly Parsed[], all: readonly BackendConfig[]): readonly string[];
  /** Returns the hosts that clients may choose, besides those of the configuration. */
  clientHosts?(backend: Parsed): readonly ClientHost[];
  /**
   * Returns a line for the message at start for each path that the backends serve together, besides their own prefixes.
   */
  sharedRoutes?(backends: readonly Parsed[], all: readonly BackendConfig[]): readonly string[];
  /** Absent where there are no foreign sources. */
  readonly shelving?: Shelving<Parsed>;
  /** As in `WarmSource`, also where no backend of the type is configured. */
  readonly adviceFor?: WarmSource["adviceFor"];
  /** Returns what is known about filling the cache of these backends ahead; there is at least one. */
  warming?(backends: readonly Parsed[], all: readonly BackendConfig[]): WarmSource;
}
