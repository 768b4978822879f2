import type { Foretold } from "../backend.ts";
import { VaultError } from "../errors.ts";
import type { ByteRange } from "../http/range.ts";
import type { Chunk, ChunkReader, OpenedArtifact } from "../vault/vault.ts";

export interface ForetoldOptions {
  readonly foretold: Foretold;
  /** The URL that is asked. */
  readonly upstream: string;
  /** The time after which the client gets the head of the answer. */
  readonly afterMs: number;
}

/**
 * Resolves with what is opened, or, where that takes too long, with what is known of it: its bytes then come when
 * upstream sends them. Rejects as `opening` does before that; later the body errors.
 */
export async function openedOrForetold(
  opening: Promise<OpenedArtifact>,
  options: ForetoldOptions,
): Promise<OpenedArtifact> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), options.afterMs);
  try {
    return await Promise.race([opening, late.promise]) ?? openForetold(opening, options);
  } finally {
    clearTimeout(timer);
  }
}

function openForetold(opening: Promise<OpenedArtifact>, { foretold, upstream }: ForetoldOptions): OpenedArtifact {
  const { headers, sizeBytes } = foretold;
  // Whoever reads it gets the error. It may be that nobody does.
  opening.catch(() => {});
  const chunks = (...ranges: readonly ByteRange[]) => new LateChunks(opening, { ranges, sizeBytes });
  const stream = () => {
    throw new Error("What is foretold is not kept: it is not streamed");
  };
  const close = () => void opening.then((opened) => opened.close(), () => {});
  const cacheStatus = { hit: false, fwd: "uri-miss" } as const;
  return { headers, sizeBytes, ageSeconds: 0, cacheStatus, upstream, ranges: true, bytes: null, chunks, stream, close };
}

/** Reads a body that has not been opened yet. */
class LateChunks implements ChunkReader {
  readonly #opening: Promise<OpenedArtifact>;
  readonly #ranges: readonly ByteRange[];
  readonly #sizeBytes: number;
  #reader: Promise<ChunkReader> | null = null;
  #opened: ChunkReader | null = null;
  #isClosed = false;

  constructor(
    opening: Promise<OpenedArtifact>,
    { ranges, sizeBytes }: { readonly ranges: readonly ByteRange[]; readonly sizeBytes: number },
  ) {
    this.#opening = opening;
    this.#ranges = ranges;
    this.#sizeBytes = sizeBytes;
  }

  async read(): Promise<Chunk | null> {
    this.#reader ??= this.#open();
    this.#opened = await this.#reader;
    return this.#isClosed ? null : await this.#opened.read();
  }

  release(): void {
    this.#opened?.release();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const open = this.#reader ?? this.#open();
    open.then((reader) => reader.close(), () => {});
  }

  async #open(): Promise<ChunkReader> {
    const opened = await this.#opening;
    if (opened.sizeBytes === this.#sizeBytes) return opened.chunks(...this.#ranges);
    opened.close();
    throw new VaultError("upstream_changed", `Upstream has another size than the ${this.#sizeBytes} bytes it has said`);
  }
}
