import { LRUCache } from "lru-cache";
import type { DirectAnswer, Resolved } from "../../../backend.ts";
import { VaultError } from "../../../errors.ts";
import { parseRanges, resolveRange } from "../../../http/range.ts";
import type { JsonObject } from "../../../http/json.ts";
import type { Caller, Callers } from "../caller.ts";
import { errorAnswer } from "../error_body.ts";
import type { CommittedFile } from "../file_headers.ts";
import type { Files } from "../files.ts";
import type { Repo } from "../repo.ts";
import type { Asking, Revisions, TreePlace } from "../revisions.ts";
import { viewOfXorb, xorbsOf } from "./framing.ts";
import { formatReconstruction } from "./reconstruction.ts";
import { Seal } from "./seal.ts";

/** The parameter of a xorb's URL that permits to read the file that it is of. Logs hide its value. */
const tokenName = "token";
/** The parameter that says which xorb of the file it is. */
const indexName = "part";
const tokenMs = 15 * 60_000;
const urlMs = 60 * 60_000;
/** The most files that are remembered by their hashes; others are looked for in the trees of their commits. */
const mostFiles = 20_000;

export interface XetStoreOptions {
  readonly files: Files;
  readonly revisions: Revisions;
  readonly callers: Callers;
}

/** What a client of this store asks, without the vault's paths. */
export interface StoreRequest {
  readonly headers: Headers;
  /** The URL of the backend as the client wrote it. */
  readonly base: string;
  readonly vault: Asking["vault"];
}

/**
 * Serves files to clients that speak Xet: the store of chunks that they are led to is made up over the plain files, so
 * that every byte is stored once for all clients, and checked before the last of them is sent.
 */
export class XetStore {
  readonly #options: XetStoreOptions;
  readonly #seal = new Seal();
  readonly #files = new LRUCache<string, CommittedFile>({ max: mostFiles });

  constructor(options: XetStoreOptions) {
    this.#options = options;
  }

  /** Clients have been told that the file has this hash. */
  learn(hash: string, file: CommittedFile): void {
    this.#files.set(hash, file);
  }

  /** The token for the files of a commit, and the address of the store. */
  token(repo: Repo, commit: string, { caller, base }: { caller: Caller; base: string }): DirectAnswer {
    const expiresAt = Date.now() + tokenMs;
    const { type, name } = repo;
    const accessToken = this.#seal.close({ purpose: "token", type, name, commit, caller: caller.id }, expiresAt);
    const exp = Math.floor(expiresAt / 1000);
    return {
      status: 200,
      contentType: "application/json",
      headers: [
        ["x-xet-cas-url", base],
        ["x-xet-access-token", accessToken],
        ["x-xet-token-expiration", String(exp)],
      ],
      body: JSON.stringify({ accessToken, exp, casUrl: base }),
    };
  }

  /** The parts of a file, or of a range of it. */
  async reconstruct(version: "v1" | "v2", hash: string, request: StoreRequest): Promise<Resolved> {
    const [, bearer = ""] = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    const token = this.#seal.open(bearer, "token");
    const caller = token && this.#options.callers.byId(String(token.caller));
    if (!token || !caller) return answer(errorAnswer(401, null, "The token for this file is missing, or has ended"));
    const asking = { caller, vault: request.vault };
    const file = await this.#find(hash, token, asking);
    if (file === null) return answer(errorAnswer(404, "EntryNotFound", "No file of this commit has this hash"));
    const fileBytes = await this.#sizeOf(file, asking);
    const wanted = parseRanges(request.headers.get("range"))?.[0] ?? { kind: "from", first: 0 };
    const range = fileBytes === 0 ? null : resolveRange(wanted, fileBytes);
    if (range === null) return answer(errorAnswer(416, null, `The file has ${fileBytes} bytes`));
    // One for all parts of the file: a large one has thousands.
    const permit = this.#seal.close(sealed(file, caller), Date.now() + urlMs);
    const urlOf = (name: string, index: number) =>
      `${request.base}/v1/xorbs/${name}?${indexName}=${index}&${tokenName}=${permit}`;
    return answer({
      status: 200,
      contentType: "application/json",
      headers: [],
      body: await formatReconstruction({ version, hash, fileBytes, range, urlOf }),
    });
  }

  /** A xorb, by its URL alone: as a view of the file. Clients ask for a new URL where theirs is refused. */
  async xorb(query: string, vault: Asking["vault"]): Promise<Resolved> {
    const params = new URLSearchParams(query);
    const named = this.#seal.open(params.get(tokenName) ?? "", "xorb");
    const caller = named && this.#options.callers.byId(String(named.caller));
    if (!named || !caller) return answer(errorAnswer(403, null, "This URL has ended, or is none of this vault"));
    const file = { ...placeIn(named), path: String(named.path) };
    const given = params.get(indexName) ?? "";
    const index = /^\d{1,9}$/.test(given) ? Number(given) : Infinity;
    const { metadata } = await this.#options.files.metadata(file, caller, vault);
    const { sizeBytes } = metadata;
    if (sizeBytes === null) throw withoutSize(file);
    if (index >= xorbsOf(sizeBytes)) throw new VaultError("not_found", `"${file.path}" has no such part`);
    return {
      kind: "artifact",
      artifact: this.#options.files.artifact(file, caller, metadata),
      foretold: { headers: [], sizeBytes },
      view: viewOfXorb(index, sizeBytes),
      headers: () => [["content-type", "application/octet-stream"]],
    };
  }

  /** The file of a hash, which was told before, or else is in the tree of the token's commit. */
  async #find(hash: string, token: JsonObject, asking: Asking): Promise<CommittedFile | null> {
    const known = this.#files.get(hash);
    const at = placeIn(token);
    const { type, name } = at.repo;
    if (known?.commit === at.commit && known.repo.type === type && known.repo.name === name) return known;
    for await (const page of this.#options.revisions.pages(at, asking, false)) {
      const [path] = page?.files.entries().find(([, { xetHash }]) => xetHash === hash) ?? [];
      if (path === undefined) continue;
      const file = { ...at, path };
      this.learn(hash, file);
      return file;
    }
    return null;
  }

  async #sizeOf(file: CommittedFile, { caller, vault }: Asking): Promise<number> {
    const { metadata: { sizeBytes } } = await this.#options.files.metadata(file, caller, vault);
    if (sizeBytes === null) throw withoutSize(file);
    return sizeBytes;
  }
}

/** The commit in a value that was sealed here. */
function placeIn({ type, name, commit }: JsonObject): TreePlace {
  return { repo: { type: String(type), name: String(name) }, commit: String(commit) };
}

function sealed({ repo: { type, name }, commit, path }: CommittedFile, caller: Caller): JsonObject {
  return { purpose: "xorb", type, name, commit, path, caller: caller.id };
}

function answer(direct: DirectAnswer): Resolved {
  return { kind: "answer", answer: direct };
}

function withoutSize({ path }: CommittedFile): VaultError {
  return new VaultError("upstream_failed", `The Hub does not say how many bytes "${path}" has`);
}
