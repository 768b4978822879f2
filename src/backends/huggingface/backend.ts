import type { Artifact, CachingPolicy, Fetch } from "../../artifact.ts";
import type { Backend, BackendRequest, DirectAnswer, KeyRequest, OfflineMiss, Resolved } from "../../backend.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { VaultReader } from "../../reader.ts";
import { HubApi } from "./api.ts";
import type { Asked, Kind } from "./asked.ts";
import { Callers } from "./caller.ts";
import { formatError } from "./error_body.ts";
import type { FileMetadata } from "./file_metadata.ts";
import { type CommittedFile, fileHeaders, xetUrls } from "./file_headers.ts";
import { Files } from "./files.ts";
import { answered, noGit, noWriting, thanks, toCommit } from "./fixed_answers.ts";
import { offlineMiss } from "./offline_miss.ts";
import type { RepoFilter } from "./repo_filter.ts";
import { isCommit, parseRequest, reposOf } from "./request.ts";
import { Revisions } from "./revisions.ts";
import { HubUpstream, targetOfMetadata } from "./upstream.ts";
import { XetStore } from "./xet/store.ts";

export interface BackendOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  readonly baseUrl: string;
  /** Sends requests with the vault's own credentials. */
  readonly fetch: Fetch;
  /** Sends requests without. */
  readonly plainFetch: Fetch;
  readonly idleTimeoutMs: number;
  readonly maxRedirects: number;
  /** How long a branch counts as unchanged. */
  readonly ttlMs: number;
  readonly xet: "native" | "strip" | "pass";
  readonly authorization: "vault" | "client";
  readonly repos: RepoFilter;
  /** True where lists for `warm` mean this backend when they name none. */
  readonly isDefault: boolean;
  /** The most bytes that are asked for at once. */
  readonly mostBytes: number;
}

/** The type by which a client of JavaScript asks for a file's hash in place of the file. */
const fileInfoType = "application/vnd.xet-fileinfo+json";
const writing = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/** The Hugging Face Hub. */
export function createBackend(options: BackendOptions): Backend {
  return new HubBackend(options);
}

class HubBackend implements Backend {
  readonly type = "huggingface";
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly methods = writing;
  readonly #options: BackendOptions;
  readonly #callers: Callers;
  readonly #upstream: HubUpstream;
  readonly #files: Files;
  readonly #revisions: Revisions;
  readonly #api: HubApi;
  /** Null where Xet is not served from here. */
  readonly #xet: XetStore | null;

  constructor(options: BackendOptions) {
    this.name = options.name;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#options = options;
    const { ttlMs, xet } = options;
    const callers = this.#callers = new Callers({ ...options, byClient: options.authorization === "client" });
    const upstream = this.#upstream = new HubUpstream({ ...options, backend: options.name, callers });
    const revisions = this.#revisions = new Revisions({ upstream, ttlMs });
    const files = this.#files = new Files({ backend: options.name, upstream, callers, revisions });
    this.#api = new HubApi({ upstream, revisions, callers, ttlMs, hidesXet: xet === "strip" });
    this.#xet = xet === "native" ? new XetStore({ files, revisions, callers }) : null;
  }

  requestsOf(key: string): KeyRequest[] {
    return /;as=\w+$/.test(key) ? [] : [{ target: targetOfMetadata(key) ?? key }];
  }

  offlineMiss({ path }: BackendRequest): OfflineMiss {
    return offlineMiss(parseRequest(path), this.#options.isDefault ? null : this.name);
  }

  formatError(error: VaultError, { path }: BackendRequest): Omit<DirectAnswer, "status"> {
    return formatError(error, parseRequest(path));
  }

  async resolve(request: BackendRequest, vault: VaultReader): Promise<Resolved> {
    const { method = "GET", path, base } = request;
    const meant = parseRequest(path);
    if (meant.kind === "telemetry") return answered(thanks);
    if (meant.kind === "git") return answered(noGit(path));
    const isQuestion = meant.kind === "revision" && meant.what === "paths-info" && method === "POST";
    if (writing.includes(method) && !isQuestion) return answered(noWriting(method));
    this.#options.repos.require(reposOf(meant));
    const asked: Asked = {
      request,
      vault,
      caller: this.#callers.of(request.headers),
      base: (request.origin ?? "") + request.base,
    };
    switch (meant.kind) {
      case "file":
        return await this.#file(meant, asked);
      case "revision":
        return meant.what === "xet-read-token"
          ? await this.#token(meant, asked)
          : await this.#api.ofRevision(meant, asked);
      case "reconstruction":
      case "xorb":
        return await this.#ofStore(meant, asked);
      case "unknown":
        throw new VaultError("unknown_route", `"${base}${path}" means nothing here: files are only read`);
      case "registry":
        return this.#registry(meant, asked);
      case "api":
      case "page":
        return await this.#api.other(meant, asked);
    }
  }

  /** A branch is redirected to its commit: what comes next is then about the same version as what came before. */
  async #file({ repo, revision, path }: Kind<"file">, asked: Asked): Promise<Resolved> {
    const { request, vault, caller } = asked;
    const commit = await this.#revisions.commitOf(repo, revision, asked);
    const file = { repo, commit, path };
    if (!isCommit(revision)) return answered(toCommit(file, request));
    const stored = this.#files.artifact(file, caller, null);
    const asksInfo = this.#xet !== null && request.headers.get("accept")?.includes(fileInfoType) === true;
    if (this.#files.mayServe(stored, vault) && !asksInfo) return this.#told(file, stored, { asked, metadata: null });
    const { metadata, source } = await this.#files.metadata(file, caller, vault);
    if (asksInfo && metadata.xetHash !== null) return answered(this.#fileInfo(file, metadata, asked));
    const artifact = this.#files.artifact(file, caller, metadata);
    const isHead = request.method === "HEAD" && metadata.sizeBytes !== null;
    if (!isHead || vault.holds(artifact)) return this.#told(file, artifact, { asked, metadata });
    const headers = this.#headersOf(file, metadata, asked);
    const bytes = new Uint8Array();
    return { kind: "document", document: { headers, bytes, source, sizeBytes: metadata.sizeBytes } };
  }

  #told(file: CommittedFile, artifact: Artifact, known: { asked: Asked; metadata: FileMetadata | null }): Resolved {
    const { asked, metadata } = known;
    const { sizeBytes = null, xetHash = null } = metadata ?? {};
    const xetBase = this.#xetBase(asked);
    return {
      kind: "artifact",
      artifact,
      ...metadata !== null && sizeBytes !== null && { foretold: { headers: storedForm(metadata), sizeBytes } },
      headers: (stored) => {
        // A name that shares the bytes of another file has the headers of a HEAD only.
        const all = xetHash === null ? stored : [...stored, ["x-xet-hash", xetHash] as const];
        const told = fileHeaders(all, { file, xetBase, sizeBytes });
        this.#learn(file, told.find(([name]) => name === "x-xet-hash")?.[1]);
        return told;
      },
    };
  }

  #headersOf(file: CommittedFile, metadata: FileMetadata, asked: Asked): HeaderList {
    this.#learn(file, metadata.xetHash ?? undefined);
    const told = fileHeaders(storedForm(metadata), {
      file,
      xetBase: this.#xetBase(asked),
      sizeBytes: metadata.sizeBytes,
    });
    return told;
  }

  #xetBase({ base }: Asked): string | null {
    return this.#options.xet === "strip" ? null : base;
  }

  #learn(file: CommittedFile, hash: string | undefined): void {
    if (hash !== undefined) this.#xet?.learn(hash, file);
  }

  #fileInfo(file: CommittedFile, metadata: FileMetadata, asked: Asked): DirectAnswer {
    const hash = metadata.xetHash!;
    const { auth, reconstruction } = xetUrls(hash, file, asked.base);
    const told = this.#headersOf(file, metadata, asked);
    return {
      status: 200,
      contentType: `${fileInfoType}; charset=utf-8`,
      headers: told.filter(([name]) => !name.startsWith("content-")),
      body: JSON.stringify({ hash, refreshUrl: auth, reconstructionUrl: reconstruction }),
    };
  }

  async #token({ repo, revision }: Kind<"revision">, asked: Asked): Promise<Resolved> {
    if (this.#xet === null) return this.#forward(asked);
    const commit = await this.#revisions.commitOf(repo, revision, asked);
    return answered(this.#xet.token(repo, commit, asked));
  }

  async #ofStore(meant: Kind<"reconstruction"> | Kind<"xorb">, asked: Asked): Promise<Resolved> {
    const { request: { headers, query }, base, vault } = asked;
    const store = this.#xet;
    if (store === null) throw new VaultError("unknown_route", "Files are not served by Xet here (xet)");
    return meant.kind === "xorb"
      ? await store.xorb(query, vault)
      : await store.reconstruct(meant.version, meant.hash, { headers, base, vault });
  }

  /** A model as images are: a manifest by its tag, and the files that it lists by their digests. */
  #registry({ sha256 }: Kind<"registry">, { request, caller }: Asked): Resolved {
    const { ttlMs } = this.#options;
    const document = this.#upstream.document({
      target: request.path,
      caller,
      freshness: sha256 === null ? { kind: "ttl", ttlMs } : { kind: "immutable" },
    });
    if (sha256 === null) return { kind: "artifact", artifact: document };
    const digest = { algorithm: "sha256", hex: sha256 } as const;
    const identity = { kind: "digest", digest, reuse: "once_confirmed" } as const;
    return { kind: "artifact", artifact: { ...document, identity, webPages: "allowed" } };
  }

  /** What must not be stored, such as somebody's token. */
  #forward({ request: { path, query }, caller }: Asked): Resolved {
    const { name: backend, idleTimeoutMs, policy: { offline } } = this.#options;
    const url = this.#upstream.urlOf(path + query);
    const candidates = [{ url, fetch: caller.fetch, idleTimeoutMs }] as const;
    return { kind: "forward", forwarded: { backend, candidates, requestHeaders: [], maxBodyBytes: 0, offline } };
  }
}

/** Metadata as the headers of a stored body have them. */
function storedForm({ headers, etag, xetHash }: FileMetadata): HeaderList {
  return [
    ...headers,
    ...etag === null ? [] : [["etag", etag] as const],
    ...xetHash === null ? [] : [["x-xet-hash", xetHash] as const],
  ];
}
