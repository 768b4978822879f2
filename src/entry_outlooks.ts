import type { Artifact } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import { findArtifact } from "./inventory/find_artifact.ts";
import type { Log } from "./observe/log.ts";
import type { VaultReader } from "./reader.ts";
import type { Entry, Store } from "./store/store.ts";
import { type Outlook, outlookOf } from "./vault/outlook.ts";

/** A request for an entry, as a client would send it to a vault. */
export interface EntryRequest {
  /** The path with the query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Tells what a vault would do about the next request for an entry. It asks no upstream and writes nothing. */
export interface EntryOutlooks {
  /** Null for an entry that no request leads to by itself, or whose backend is not configured. */
  of(entry: Entry): Promise<Outlook | null>;
  /** The request that leads to an entry; null as for `of`. */
  requestFor(entry: Entry): Promise<EntryRequest | null>;
  /** The artifact of an entry; null as for `of`. */
  artifactOf(entry: Entry): Promise<Artifact | null>;
}

export interface OutlookParts {
  /** Returns the backends as they are configured now. */
  readonly backends: () => readonly Backend[];
  readonly store: Store;
  readonly reader: VaultReader;
  readonly log: Log;
}

/** Looks at entries with the parts of a vault, which may be one that serves clients. */
export function outlooksOn({ backends, store, reader, log }: OutlookParts): EntryOutlooks {
  const offline = offlineReader(reader);
  const find = (entry: Entry) => findAmong(backends(), entry, offline);
  return {
    async of(entry) {
      const found = await find(entry);
      return found && await outlookOf(found.artifact, { store: seenAs(entry, store), log });
    },
    async requestFor(entry) {
      const found = await find(entry);
      if (found === null) return null;
      const { prefix } = found.backend;
      return { target: (prefix === "/" ? "" : prefix) + found.request.target, headers: found.request.headers ?? [] };
    },
    artifactOf: async (entry) => (await find(entry))?.artifact ?? null,
  };
}

/** The first backend of the entry's name that a request leads to it in: one may have several doors. */
async function findAmong(backends: readonly Backend[], entry: Entry, reader: VaultReader) {
  for (const backend of backends.filter(({ name }) => name === entry.backend)) {
    const found = await findArtifact(backend, entry, reader);
    if (found !== null) return { ...found, backend };
  }
  return null;
}

/** The store in which this very entry, which may be one of several variants, is found. */
function seenAs(entry: Entry, store: Store): Pick<Store, "find" | "hasBody"> {
  return { find: () => entry, hasBody: (one) => store.hasBody(one) };
}

/** Reads stored documents, however old. */
function offlineReader(reader: VaultReader): VaultReader {
  const offline = (artifact: Artifact): Artifact => ({ ...artifact, policy: { ...artifact.policy, offline: true } });
  return {
    read: (artifact, parser) => reader.read(offline(artifact), parser),
    head: (artifact) => reader.head(offline(artifact)),
    holds: (artifact) => reader.holds(artifact),
    fetch: (artifact) => reader.fetch(offline(artifact)),
    fetchAhead: (artifact) => reader.fetchAhead(offline(artifact)),
    copy: (from, to) => reader.copy(from, to),
    entries: (backend, prefix) => reader.entries(backend, prefix),
  };
}
