import type { Artifact, Identity } from "../../artifact.ts";
import type { Provenance } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import type { Caller, Callers } from "./caller.ts";
import { metadataParser } from "./documents.ts";
import { absentEntry, isAbsentEntry } from "./error_body.ts";
import { digestOfEtag, etagIn, type FileMetadata, linkedSizeIn } from "./file_metadata.ts";
import type { CommittedFile } from "./file_headers.ts";
import { encoded, pathOfRepo } from "./repo.ts";
import type { Asking, Revisions } from "./revisions.ts";
import type { HubUpstream } from "./upstream.ts";

/** The metadata of a file, and where it comes from. */
export interface KnownMetadata {
  readonly metadata: FileMetadata;
  readonly source: Provenance;
}

export interface FilesOptions {
  readonly backend: string;
  readonly revisions: Revisions;
  readonly upstream: HubUpstream;
  readonly callers: Callers;
}

/** Without metadata that was asked for before, the digest is the one that the Hub names along with the body. */
const announced: Identity = {
  kind: "announced",
  digestIn: (headers) => digestOfEtag(etagIn(headers), linkedSizeIn(headers)),
  reuse: "never",
};

/** The files of repositories at commits. */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /**
   * Reads what the Hub says of a file to a caller: once, and for ever where all clients are one caller. Then the tree of
   * the commit will do, too, where that is stored. Rejects with `not_found` where there is no such file.
   */
  async metadata(file: CommittedFile, caller: Caller, vault: VaultReader): Promise<KnownMetadata> {
    const { upstream, callers } = this.#options;
    const artifact = upstream.metadata(targetOf(file), caller, metadataParser);
    const asksTree = !callers.areMany && !vault.holds(artifact);
    const listed = asksTree ? await unlessUnreadable(this.#listed(file, { caller, vault })) : null;
    if (listed !== null) return { metadata: listed, source: sourceOfTree(upstream.urlOf(targetOf(file))) };
    try {
      const { value: metadata, source } = await vault.read(artifact, metadataParser);
      return { metadata, source };
    } catch (error) {
      if (isAbsentEntry(error)) this.#options.revisions.readTreeAside(file, { caller, vault });
      throw error;
    }
  }

  /** What the stored pages of the tree say of a file; null where they do not say. Rejects as `metadata`. */
  async #listed(file: CommittedFile, asking: Asking): Promise<FileMetadata | null> {
    for await (const page of this.#options.revisions.pages(file, asking, true)) {
      const found = page?.files.get(file.path);
      if (found !== undefined) return found;
      if (page === null) return null;
    }
    throw absentEntry();
  }

  /** The artifact of a file; `metadata` is null where it is not known. */
  artifact(file: CommittedFile, caller: Caller, metadata: FileMetadata | null): Artifact {
    const target = targetOf(file);
    const { backend, upstream } = this.#options;
    return {
      backend,
      key: target,
      ...upstream.file(target, caller, metadata),
      requestHeaders: [],
      freshness: { kind: "immutable" },
      failover: "any_failure",
      identity: identityOf(metadata),
      webPages: "allowed",
    };
  }

  /**
   * True where the file is stored and its metadata need not be read, since everybody gets it. The artifact is the one
   * without metadata.
   */
  mayServe(artifact: Artifact, vault: VaultReader): boolean {
    return !this.#options.callers.areMany && vault.holds(artifact);
  }
}

/** A tree that cannot be read says nothing. Rejects with all other errors. */
async function unlessUnreadable<T>(listed: Promise<T>): Promise<T | null> {
  try {
    return await listed;
  } catch (error) {
    if (error instanceof VaultError && error.code === "upstream_failed") return null;
    throw error;
  }
}

/** The digest that the Hub has named; bytes of it that other files have may serve this one, as the Hub has them here. */
function identityOf(metadata: FileMetadata | null): Identity {
  if (metadata === null) return announced;
  const digest = digestOfEtag(metadata.etag, metadata.sizeBytes);
  return digest === null ? announced : { kind: "digest", digest, reuse: "once_confirmed" };
}

function sourceOfTree(upstream: string): Provenance {
  return { cacheStatus: { hit: true }, ageSeconds: 0, upstream };
}

/** The path of a file at a commit, in the one form that keys have. */
export function targetOf({ repo, commit, path }: CommittedFile): string {
  return `${pathOfRepo(repo)}/resolve/${commit}/${encoded(path)}`;
}
