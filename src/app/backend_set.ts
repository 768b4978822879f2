import type { Backend } from "../backend.ts";
import type { BackendType, Opening } from "../backends/backend_type.ts";
import type { Upstreams } from "../backends/opening/upstreams.ts";
import { typeOf } from "../backends/types.ts";
import { allBut } from "../config/changes.ts";
import type { BackendConfig, Config } from "../config/schema.ts";

export interface SetOptions extends Omit<Opening, "upstreams"> {
  readonly types: readonly BackendType[];
  /** Returns what opens the connections of one backend. */
  readonly connect: () => Upstreams;
}

/** A backend of the set, with its connections. */
export interface OpenedBackend {
  readonly type: BackendType;
  readonly backend: Backend;
  readonly upstreams: Upstreams;
  /** All of the configuration that it was opened with. */
  readonly openedWith: string;
}

/** Global keys that no backend is opened with. */
const otherKeys: ReadonlySet<string> = new Set([
  ...[
    "http_host",
    "http_port",
    "server_names",
    "trusted_proxies",
    "tls",
    "shutdown_timeout",
    "max_requests",
    "revalidate_timeout",
  ],
  ...[
    "log_level",
    "log_format",
    "log_file",
    "administration",
    "cache_dir",
    "cache_max_size",
    "cache_min_free",
    "memory_cache_size",
  ],
  ...["range_ahead", "max_segments", "retention", "verify", "warm", "bundles", "backends"],
]);

/** The backends of a configuration, opened. */
export class BackendSet {
  /** In the order of the configuration, and those of one type put together. */
  readonly backends: readonly Backend[];
  readonly #opened: readonly OpenedBackend[];

  private constructor(opened: readonly OpenedBackend[], types: readonly BackendType[]) {
    this.#opened = opened;
    this.backends = types.flatMap((type) => {
      const own = opened.filter((one) => one.type === type).map(({ backend }) => backend);
      const others = opened.filter((one) => one.type !== type).map(({ backend }) => backend);
      return type.together?.(own, others) ?? own;
    });
  }

  /**
   * Opens the backends of a configuration. Those of `previous` stay as they are, with all they know, where nothing of
   * their configuration has changed. Throws as `BackendType.open`; then nothing new stays open.
   */
  static async open(options: SetOptions, previous: BackendSet | null = null): Promise<BackendSet> {
    const { config, types } = options;
    const known = previous === null ? [] : previous.#opened;
    const opened: OpenedBackend[] = [];
    try {
      for (const backend of config.backends) {
        const openedWith = given(backend, config);
        const same = known.find((one) => one.openedWith === openedWith);
        opened.push(same ?? await openOne(backend, openedWith, options));
      }
      return new BackendSet(opened, types);
    } catch (error) {
      for (const one of opened) if (!known.includes(one)) one.upstreams.close();
      throw error;
    }
  }

  /** Returns those that another set does not have. */
  without(other: BackendSet): readonly OpenedBackend[] {
    return this.#opened.filter((one) => !other.#opened.includes(one));
  }

  /** Reads all certificates again, for later requests. Throws where one cannot be read, once all others are. */
  async renewCertificates(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#opened.map(({ upstreams }) => upstreams.renewCertificates()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Closes all connections, and so interrupts requests under way. */
  close(): void {
    for (const { upstreams } of this.#opened) upstreams.close();
  }
}

async function openOne(backend: BackendConfig, openedWith: string, options: SetOptions): Promise<OpenedBackend> {
  const { types, connect, config, metrics, log } = options;
  const type = typeOf(backend, types);
  const upstreams = connect();
  try {
    return { type, backend: await type.open(backend, { config, metrics, log, upstreams }), upstreams, openedWith };
  } catch (error) {
    upstreams.close();
    throw error;
  }
}

/** A backend may be the first one of its type, and depend on that. */
function given(backend: BackendConfig, config: Config): string {
  const isFirst = config.backends.find(({ type }) => type === backend.type) === backend;
  return JSON.stringify([backend, isFirst, allBut(config, otherKeys)], (_, value) => {
    return typeof value === "number" || value instanceof RegExp ? String(value) : value;
  });
}
