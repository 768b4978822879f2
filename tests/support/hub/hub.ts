import { RecordingServer } from "../recording_server.ts";
import { HubCas } from "./cas.ts";
import { HubCdn } from "./cdn.ts";
import { hubError } from "./errors.ts";
import { fileResponse } from "./file_response.ts";
import { leastTreePage, pathsOf, repoInfo, treeEntries, treeEntry } from "./hub_api.ts";
import type { HubFile } from "./hub_file.ts";
import { HubRepo } from "./hub_repo.ts";

/** A file that a request names, at a commit. */
interface Place {
  readonly repo: HubRepo;
  readonly commit: string;
  readonly path: string;
}

/**
 * A stand-in for the Hub: the API and the redirects on 127.0.0.1, the bytes of large files and Xet's store on
 * 127.0.0.2, so that clients see another host. Close it with `await using`.
 */
export class Hub implements AsyncDisposable {
  readonly cdn: HubCdn;
  readonly cas: HubCas;
  readonly server: RecordingServer;
  /** Entries on a page of a tree. */
  treePage = leastTreePage;
  /** Replaces the bytes of files in git. */
  tamper: ((chunk: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | null = null;
  /** Tokens that it knows no more. */
  readonly expired = new Set<string>();
  /** Headers of all its answers. */
  headers: Readonly<Record<string, string>> = {};
  /** Called before each request is answered. */
  onRequest: ((request: Request) => void) | null = null;
  readonly #repos = new Map<string, HubRepo>();

  constructor() {
    this.cdn = new HubCdn((sha256) => this.#findFile((repo) => repo.withSha256(sha256)));
    this.cas = new HubCas((hash) => this.#findFile((repo) => repo.withXetHash(hash)));
    this.server = new RecordingServer(async (request) => {
      const response = await this.#answer(request);
      for (const [name, value] of Object.entries(this.headers)) response.headers.set(name, value);
      return response;
    });
  }

  get url(): string {
    return this.server.url;
  }

  /** `type` is the word in paths: `models`, `datasets`, … */
  addRepo(name: string, type = "models"): HubRepo {
    const repo = new HubRepo(type, name);
    this.#repos.set(repo.path, repo);
    return repo;
  }

  /** `METHOD path` of all requests to all three servers; those to the CDN and the store say so. */
  get lines(): string[] {
    return [
      ...this.server.lines,
      ...this.cdn.server.lines.map((line) => `CDN ${line}`),
      ...this.cas.server.lines.map((line) => `CAS ${line}`),
    ];
  }

  /** The bytes of bodies that were taken of all three. */
  get sentBytes(): number {
    return [this.server, this.cdn.server, this.cas.server].reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  }

  forget(): void {
    for (const server of [this.server, this.cdn.server, this.cas.server]) server.forget();
  }

  /** Nobody reaches it any more, until `accept`. */
  async refuse(): Promise<void> {
    for (const server of [this.server, this.cdn.server, this.cas.server]) await server.refuse();
  }

  accept(): void {
    for (const server of [this.server, this.cdn.server, this.cas.server]) server.accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.server, this.cdn.server, this.cas.server]) await server[Symbol.asyncDispose]();
  }

  #findFile(find: (repo: HubRepo) => HubFile | null): HubFile | null {
    for (const repo of this.#repos.values()) {
      const file = find(repo);
      if (file !== null) return file;
    }
    return null;
  }

  #answer(request: Request): Response | Promise<Response> {
    this.onRequest?.(request);
    if (this.expired.has(tokenOf(request) ?? "")) {
      return hubError(401, null, "Invalid credentials in Authorization header");
    }
    const path = new URL(request.url).pathname;
    if (path === "/api/agent-harnesses") return Response.json({ standardEnvVars: [], harnesses: {} });
    if (path.startsWith("/api/resolve-cache/")) return this.#cached(request, path);
    if (path.startsWith("/api/")) return this.#api(request, path);
    const [, repoPath = "", revision = "", file = ""] = /^(\/.+?)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const at = this.#locate(request, { repoPath, revision });
    return at instanceof Response ? at : this.#file(request, { ...at, path: decodeURIComponent(file) });
  }

  /** The repository and the commit; or what stands against it. */
  #locate(
    request: Request,
    { repoPath, revision }: { repoPath: string; revision: string },
  ): Omit<Place, "path"> | Response {
    const token = tokenOf(request);
    const repo = this.#repos.get(decodeURIComponent(repoPath));
    const mayRead = repo?.visibility === "public" || (token !== null && repo?.readers.has(token));
    if (!repo || (!mayRead && repo.visibility === "private")) {
      return hubError(token === null ? 401 : 404, "RepoNotFound", "Repository not found");
    }
    const isFile = !/^\/api\/(?!resolve-cache\/)/.test(new URL(request.url).pathname);
    if (!mayRead && isFile) {
      return hubError(token === null ? 401 : 403, "GatedRepo", `Access to model ${repo.name} is restricted.`);
    }
    const commit = repo.find(decodeURIComponent(revision));
    if (commit === null) return hubError(404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    return { repo, commit };
  }

  #file(request: Request, { repo, commit, path }: Place): Response {
    const file = repo.files(commit).get(path);
    if (file === undefined) return hubError(404, "EntryNotFound", "Entry not found", commit);
    const { etag, sizeBytes, xetHash } = file;
    const headers: Record<string, string> = {
      "x-repo-commit": commit,
      "x-linked-size": String(sizeBytes),
      "x-linked-etag": etag,
      "accept-ranges": "bytes",
      "set-cookie": "hub=1",
    };
    if (file.storage === "git") {
      const target = `/api/resolve-cache/${repo.type}/${repo.name}/${commit}/${encodeURIComponent(path)}`;
      return new Response(null, { status: 307, headers: { ...headers, etag, location: target } });
    }
    if (xetHash !== null) {
      const auth = `${this.url}/api/${repo.type}/${repo.name}/xet-read-token/${commit}`;
      const reconstruction = `${this.cas.url}/v1/reconstructions/${xetHash}`;
      headers["x-xet-hash"] = xetHash;
      headers["link"] = `<${auth}>; rel="xet-auth", <${reconstruction}>; rel="xet-reconstruction-info"`;
      const accepts = request.headers.get("accept")?.includes("application/vnd.xet-fileinfo+json");
      if (request.method === "GET" && accepts) {
        const body = JSON.stringify({ hash: xetHash, refreshUrl: auth, reconstructionUrl: reconstruction });
        return new Response(body, {
          headers: { ...headers, etag, "content-type": "application/vnd.xet-fileinfo+json; charset=utf-8" },
        });
      }
    }
    return new Response(null, { status: 302, headers: { ...headers, location: this.cdn.urlOf(file) } });
  }

  /** A small file, where the Hub redirects to for it. */
  #cached(request: Request, target: string): Response {
    const [, type, name, commit = "", path = ""] =
      /^\/api\/resolve-cache\/([^/]+)\/(.+)\/([0-9a-f]{40})\/([^/]+)$/.exec(target) ?? [];
    const at = this.#locate(request, {
      repoPath: type === "models" ? `/${name}` : `/${type}/${name}`,
      revision: commit,
    });
    if (at instanceof Response) return at;
    const file = at.repo.files(commit).get(decodeURIComponent(path));
    if (file === undefined) return new Response("not here", { status: 404 });
    const headers = { "content-type": "text/plain; charset=utf-8", etag: file.etag, "x-repo-commit": commit };
    return fileResponse(request, file, { headers, ...this.tamper && { tamper: this.tamper } });
  }

  #api(request: Request, path: string): Response | Promise<Response> {
    const [, type = "", name = "", what = "info", rest = ""] =
      /^\/api\/([^/]+)\/(.+?)(?:\/(revision|tree|paths-info|refs|commits|xet-read-token)(?:\/(.+))?)?$/
        .exec(path) ?? [];
    const [revision = "main", ...folder] = rest === "" ? [] : rest.split("/");
    const repoPath = type === "models" ? `/${name}` : `/${type}/${name}`;
    const at = this.#locate(request, { repoPath, revision });
    if (at instanceof Response) return at;
    const { repo, commit } = at;
    switch (what) {
      case "info":
      case "revision":
        return Response.json(repoInfo(repo, commit), { headers: { etag: `W/"${commit.slice(0, 8)}"` } });
      case "tree":
        return this.#tree(request, { repo, commit, path: decodeURIComponent(folder.join("/")) });
      case "paths-info":
        return this.#pathsInfo(request, at);
      case "refs":
        return Response.json({
          tags: [],
          converts: [],
          branches: [...repo.branches].map(([name, targetCommit]) => ({
            name,
            ref: `refs/heads/${name}`,
            targetCommit,
          })),
        });
      case "xet-read-token":
        return this.cas.tokenResponse();
      default:
        return Response.json([]);
    }
  }

  /** A page of a tree, with an absolute link to the next one. */
  #tree(request: Request, { repo, commit, path }: Place): Response {
    const url = new URL(request.url);
    const isRecursive = url.searchParams.get("recursive")?.toLowerCase() === "true";
    const all = treeEntries(repo.files(commit), path, isRecursive);
    if (path !== "" && all.length === 0) return hubError(404, "EntryNotFound", `${path} does not exist`, commit);
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const headers = new Headers();
    if (from + this.treePage < all.length) {
      url.searchParams.set("cursor", String(from + this.treePage));
      headers.set("link", `<${this.url}${url.pathname}${url.search}>; rel="next"`);
    }
    return Response.json(all.slice(from, from + this.treePage), { headers });
  }

  async #pathsInfo(request: Request, { repo, commit }: Omit<Place, "path">): Promise<Response> {
    if (request.method !== "POST") return hubError(405, null, "Method not allowed");
    const files = repo.files(commit);
    const found = (await pathsOf(request)).flatMap((path) => {
      const file = files.get(path);
      return file === undefined ? [] : [treeEntry(path, file)];
    });
    return Response.json(found);
  }
}

function tokenOf(request: Request): string | null {
  return /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}
