import { createHash } from "node:crypto";
import type { Artifact, CachingPolicy, Freshness } from "../../artifact.ts";
import type { Parsed, Parser, ReadableBody } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import { FileTable } from "../shared/listings/file_table.ts";
import type { KnownDigests } from "./known_digests.ts";
import type { PackumentFacts, Part, RecentVersion, WriteOptions } from "./packument_work.ts";
import { ofAnotherRegistry, type Registries, type Registry } from "./registries.ts";
import { maxPackumentBytes, type PackumentLane } from "./tasks.ts";
import type { PackumentShown } from "./write_packument.ts";

export interface PackumentReaderOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  /** The time for which documents are fresh. */
  readonly ttlMs: number;
  /** The age from which versions are shown; null for any. */
  readonly minAgeMs: number | null;
  readonly registries: Registries;
  readonly lane: PackumentLane;
  /** Is given the tarballs of each document that is parsed. */
  readonly known: KnownDigests;
}

/** What the vault itself knows of a package. */
export interface Facts {
  /** Tarballs by their names. */
  readonly files: FileTable;
  /** The versions that were or may have been young when the document was parsed; those that are now are among them. */
  readonly recent: readonly RecentVersion[];
  readonly hasTimes: boolean;
}

/** A part of a document, in the form that a client gets. */
export interface Wanted {
  readonly name: string;
  readonly part: Part;
  readonly shown: PackumentShown;
  /** Packed with gzip. */
  readonly packs: boolean;
}

export type Made =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** There is no such version. */
  | { readonly kind: "absent" }
  /** It is too large to be kept in memory. */
  | { readonly kind: "large" };

/** A parsed document, and the registry that it came from. */
export interface PackumentRead<T> extends Parsed<T> {
  readonly registry: Registry;
}

export interface ReadOptions {
  /** That of the backend where absent. */
  readonly freshness?: Freshness;
}

/** What is made of larger documents is stored, and not kept in memory. */
const smallBytes = 256 * 1024;

const stale: Freshness = { kind: "ttl", ttlMs: 0 };

/** Reads the documents about packages: each is stored once, as upstream sent it, whatever clients ask for. */
export class PackumentReader {
  readonly #options: PackumentReaderOptions;

  constructor(options: PackumentReaderOptions) {
    this.#options = options;
  }

  /** What the vault knows of a package. Throws as the vault does. */
  facts(name: string, vault: VaultReader, options: ReadOptions = {}): Promise<PackumentRead<Facts>> {
    const parser = this.#facts(name);
    return this.#read(name, { check: parser, parser, vault, ...options });
  }

  /** The same of the cached document, however old, without a request to upstream; null where there is none. */
  async cachedFacts(name: string, vault: VaultReader): Promise<PackumentRead<Facts> | null> {
    const artifact = this.#artifact(name);
    if (!vault.holds(artifact)) return null;
    const read = await vault.read({ ...artifact, freshness: { kind: "immutable" } }, this.#facts(name));
    const registry = this.#options.registries.at(read.source.upstream, name);
    return registry && { ...read, registry };
  }

  /** What a client gets. Throws as the vault does. */
  made(wanted: Wanted, vault: VaultReader): Promise<PackumentRead<Made>> {
    const { checking, reading } = this.#small(wanted);
    return this.#read(wanted.name, { check: checking, parser: reading, vault });
  }

  /**
   * The same of the document with this SHA-256, also where it is large. Throws `upstream_changed` where it was replaced
   * since it was read.
   */
  async madeLarge(wanted: Wanted, sha256: string, vault: VaultReader): Promise<Uint8Array<ArrayBuffer>> {
    const artifact: Artifact = { ...this.#artifact(wanted.name), freshness: { kind: "immutable" } };
    const { value, sha256: found } = await vault.read(artifact, this.#whole(wanted));
    if (found !== sha256) {
      throw new VaultError("upstream_changed", `The document about "${wanted.name}" has just changed; ask again`);
    }
    if (value.kind !== "bytes") throw new Error("A large document is made as a whole");
    return value.bytes;
  }

  async #read<T>(name: string, { check, parser, vault, freshness }: Reading<T>): Promise<PackumentRead<T>> {
    const artifact: Artifact = { ...this.#artifact(name), document: { check }, ...freshness && { freshness } };
    for (const attempt of [artifact, anew(artifact)]) {
      const read = await vault.read(attempt, parser);
      const registry = this.#options.registries.at(read.source.upstream, name);
      if (registry !== null) return { ...read, registry };
    }
    throw ofAnotherRegistry(name);
  }

  /** The document as an artifact: the whole form, from which the abbreviated one is made. */
  #artifact(name: string): Artifact {
    const { backend, policy, ttlMs, registries } = this.#options;
    const candidates = registries.of(name).map((registry) => registry.candidate(registry.packumentUrl(name)));
    return {
      backend,
      key: `/${name}`,
      candidates,
      requestHeaders: [["accept", "application/json"], ["accept-encoding", "gzip"]],
      freshness: { kind: "ttl", ttlMs },
      policy,
      // A registry that is down or refuses may have the package: the next one may have a stranger's of that name.
      failover: "absence",
      identity: { kind: "unknown" },
    };
  }

  #facts(name: string): Parser<Facts> {
    const { backend, lane } = this.#options;
    const options = this.#reading(name);
    return {
      name: JSON.stringify(["npm facts", backend, name]),
      maxBytes: maxPackumentBytes,
      parse: async (body) => this.#learn(name, await lane.run({ name: "readPackument", bodies: [body], options })),
      sizeOf: sizeOfFacts,
    };
  }

  /** Always made. */
  #whole(wanted: Wanted): Parser<Made> {
    const { name, part, shown, packs } = wanted;
    const { backend, lane } = this.#options;
    const options: WriteOptions = { ...this.#reading(name), part, shown, packs };
    return {
      name: JSON.stringify(["npm made", backend, name, part, nameOfShown(shown), packs]),
      maxBytes: maxPackumentBytes,
      parse: async (body, keep) => {
        const { facts, bytes } = await lane.run({ name: "makePart", bodies: [body], options });
        keep(this.#facts(name), this.#learn(name, facts));
        return bytes === null ? { kind: "absent" } : { kind: "bytes", bytes };
      },
      sizeOf: sizeOfMade,
    };
  }

  /**
   * Of a large document it is only said that it is one. `checking` makes it even so: a new document is parsed once, to
   * be checked and for the client that waits.
   */
  #small(wanted: Wanted): { readonly checking: Parser<Made>; readonly reading: Parser<Made> } {
    const whole = this.#whole(wanted);
    const common = { name: `small ${whole.name}`, maxBytes: maxPackumentBytes, sizeOf: sizeOfMade };
    const isCut = wanted.part.kind === "version" || wanted.part.kind === "dist_tags";
    const isLarge = ({ sizeBytes = 0 }: ReadableBody) => !isCut && sizeBytes > smallBytes;
    return {
      checking: {
        ...common,
        parse: async (body, keep) => {
          const made = await whole.parse(body, keep);
          if (!isLarge(body)) return made;
          keep(whole, made);
          return { kind: "large" };
        },
      },
      reading: { ...common, parse: (body, keep) => isLarge(body) ? { kind: "large" } : whole.parse(body, keep) },
    };
  }

  #learn(name: string, { files, recent, hasTimes }: PackumentFacts): Facts {
    const table = new FileTable(files);
    this.#options.known.set(name, table);
    return { files: table, recent, hasTimes };
  }

  #reading(name: string): { readonly name: string; readonly since: number | null } {
    const { minAgeMs } = this.#options;
    return { name, since: minAgeMs === null ? null : Date.now() - minAgeMs };
  }
}

interface Reading<T> extends ReadOptions {
  readonly check: Parser<unknown>;
  readonly parser: Parser<T>;
  readonly vault: VaultReader;
}

/** Returns the document as it is upstream, never a cached one, not even in place of an error. */
function anew(artifact: Artifact): Artifact {
  return { ...artifact, freshness: stale, policy: { ...artifact.policy, staleIfErrorMs: 0, serveDeleted: false } };
}

/** A short name for any number of files. */
export function nameOfShown({ links, hidden, files }: PackumentShown): readonly unknown[] {
  return [links, hidden, files && createHash("sha256").update(files.join("\n")).digest("hex")];
}

function sizeOfFacts({ files, recent }: Facts): number {
  return files.sizeBytes + recent.length * 200;
}

function sizeOfMade(made: Made): number {
  return made.kind === "bytes" ? made.bytes.byteLength : 0;
}
