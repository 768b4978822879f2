import type { Artifact } from "../artifact.ts";
import type { Backend, KeyRequest } from "../backend.ts";
import { VaultError } from "../errors.ts";
import type { HeaderList } from "../http/headers.ts";
import type { VaultReader } from "../reader.ts";
import type { Entry } from "../store/store.ts";

/** An artifact, and the request by which a client would ask for it. */
export interface FoundArtifact {
  readonly artifact: Artifact;
  /** Below the prefix of the backend. */
  readonly request: KeyRequest;
}

/**
 * Finds the artifact that an entry was stored for, by the requests that may lead there; null where none does. Documents
 * that tell come from `reader`, which should ask no upstream.
 */
export async function findArtifact(
  backend: Backend,
  entry: Pick<Entry, "backend" | "key" | "selectedBy">,
  reader: VaultReader,
): Promise<FoundArtifact | null> {
  for (const request of backend.requestsOf?.(entry.key) ?? [{ target: entry.key }]) {
    const headers = [...request.headers ?? [], ...entry.selectedBy];
    const watching = new WatchingReader(reader, entry);
    try {
      const resolved = await backend.resolve(backendRequest(backend, request.target, headers), watching);
      if (resolved.kind === "artifact" && isOf(resolved.artifact, entry)) watching.seen = resolved.artifact;
    } catch (error) {
      // Another request may lead there, or the artifact has been seen on the way.
      if (!(error instanceof VaultError)) throw error;
    }
    if (watching.seen !== null) return { artifact: watching.seen, request: { target: request.target, headers } };
  }
  return null;
}

function backendRequest({ prefix }: Backend, target: string, headers: HeaderList) {
  const at = target.indexOf("?");
  return {
    client: { host: "127.0.0.1", port: 0 },
    base: prefix === "/" ? "" : prefix,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? "" : target.slice(at),
    headers: new Headers(headers.map(([name, value]): [string, string] => [name, value])),
  };
}

function isOf(artifact: Artifact, { backend, key }: Pick<Entry, "backend" | "key">): boolean {
  return artifact.backend === backend && artifact.key === key;
}

/** Notes the artifact of an entry where a backend reads it as a document, and changes nothing. */
class WatchingReader implements VaultReader {
  seen: Artifact | null = null;
  readonly #reader: VaultReader;
  readonly #entry: Pick<Entry, "backend" | "key">;

  constructor(reader: VaultReader, entry: Pick<Entry, "backend" | "key">) {
    this.#reader = reader;
    this.#entry = entry;
  }

  read: VaultReader["read"] = (artifact, parser) => {
    this.#watch(artifact);
    return this.#reader.read(artifact, parser);
  };

  head(artifact: Artifact): Promise<HeaderList> {
    this.#watch(artifact);
    return this.#reader.head(artifact);
  }

  holds(artifact: Artifact): boolean {
    this.#watch(artifact);
    return this.#reader.holds(artifact);
  }

  fetch(artifact: Artifact): Promise<void> {
    this.#watch(artifact);
    return Promise.reject(onlyLooking());
  }

  fetchAhead(): Promise<never> {
    return Promise.reject(onlyLooking());
  }

  copy(): Promise<void> {
    return Promise.reject(onlyLooking());
  }

  entries(backend: string, prefix: string) {
    return this.#reader.entries(backend, prefix);
  }

  #watch(artifact: Artifact): void {
    if (isOf(artifact, this.#entry)) this.seen ??= artifact;
  }
}

function onlyLooking(): VaultError {
  return new VaultError("offline", "Nothing is fetched while an entry is looked at");
}
