import { type FileHost, FileShelf, serveBytes } from "../file_shelf.ts";
import { normalisedName, type PackageFile, sha256Hex } from "./python_package.ts";
import { RecordingServer } from "../recording_server.ts";
import {
  chooseForm,
  formatPage,
  formatProjects,
  type ListedFile,
  type PageFormat,
  simpleTypes,
} from "./simple_page.ts";

export interface IndexUser {
  readonly username: string;
  readonly password: string;
}

export interface PypiIndexOptions {
  /** What it speaks; both where it is left out. */
  readonly forms?: readonly PageFormat[];
  /** The only one it lets in. */
  readonly user?: IndexUser;
  /** Where it redirects to for projects that it does not have, as GitLab does: the URL of another index. */
  readonly forwardsTo?: string;
  /** Where its files are; below its own `/packages` where it is left out. */
  readonly fileHost?: FileHost;
}

/** How a file is listed, and what is served in its place. */
export interface Listing extends Partial<Pick<ListedFile, "yanked" | "uploadTime" | "sidecar" | "sha256" | "more">> {
  /** What is behind the `.metadata` instead of what the page announces. */
  readonly sidecarBytes?: Uint8Array<ArrayBuffer>;
  /** Of the file; some day long ago where absent. */
  readonly lastModified?: Date;
  /** With its question mark: of the links on the page. */
  readonly query?: string;
}

/**
 * A package index on 127.0.0.1 with the forms and habits of pypi.org: pages in HTML and JSON, files by range, sidecars,
 * redirects of unnormalised names, validators. What it lists may be changed at any time.
 */
export class PypiIndex extends RecordingServer {
  readonly #options: PypiIndexOptions;
  readonly #shelf = new FileShelf();
  readonly #projects = new Map<string, Map<string, ListedFile>>();

  constructor(options: PypiIndexOptions = {}) {
    super((request) => this.#serve(request));
    this.#options = options;
  }

  /** What clients, and the vault, are given as the index. */
  get indexUrl(): string {
    return `${this.url}/simple`;
  }

  /** Where clients ask for a project's page. */
  pagePath(project: string): string {
    return `/simple/${project}/`;
  }

  /** Where a file lies, on this server or on its file host. */
  filePath({ sha256, filename }: PackageFile): string {
    return `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${filename}`;
  }

  /** Lists and serves a file; a wheel with its metadata beside it, unless said otherwise. */
  add(file: PackageFile, listing: Listing = {}): PackageFile {
    const { sidecarBytes, query = "", lastModified, ...said } = listing;
    const path = this.filePath(file);
    const { fileHost } = this.#options;
    const shelf = fileHost?.shelf ?? this.#shelf;
    const metadata = sidecarBytes ?? file.metadata;
    shelf.put(path, file.bytes, lastModified?.toUTCString());
    if (metadata !== null) shelf.put(`${path}.metadata`, metadata);
    const listed = this.#projects.get(file.project) ?? new Map<string, ListedFile>();
    this.#projects.set(file.project, listed);
    listed.set(file.filename, {
      file,
      url: (fileHost ? fileHost.url + path : `../..${path}`) + query,
      sidecar: file.metadata !== null,
      metadataSha256: file.metadata && sha256Hex(file.metadata),
      ...said,
    });
    return file;
  }

  /** Lists a file no more, and has it no more. */
  remove(file: PackageFile): void {
    const path = this.filePath(file);
    this.#projects.get(file.project)?.delete(file.filename);
    for (const shelf of [this.#shelf, this.#options.fileHost?.shelf]) {
      shelf?.remove(path);
      shelf?.remove(`${path}.metadata`);
    }
  }

  #serve(request: Request): Response {
    const { user } = this.#options;
    if (user && request.headers.get("authorization") !== `Basic ${btoa(`${user.username}:${user.password}`)}`) {
      const headers = { "www-authenticate": 'Basic realm="index"' };
      return new Response("who are you?", { status: 401, headers });
    }
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/packages/")) return this.#shelf.serve(request);
    const [, name = ""] = /^\/simple\/([^/]*)\/?$/.exec(pathname) ?? [];
    const path = name === "" ? "/simple/" : this.pagePath(normalisedName(decodeURIComponent(name)));
    if (pathname !== path) return new Response(null, { status: 301, headers: { location: path } });
    return this.#servePage(request, name);
  }

  #serveUnknown(name: string): Response {
    const { forwardsTo } = this.#options;
    if (forwardsTo === undefined) return new Response("no such project", { status: 404 });
    return new Response(null, { status: 302, headers: { location: `${forwardsTo}/${name}/` } });
  }

  #servePage(request: Request, name: string): Response {
    const form = chooseForm(request.headers.get("accept"), this.#options.forms ?? ["html", "json"]);
    const listed = this.#projects.get(name);
    if (name !== "" && listed === undefined) return this.#serveUnknown(name);
    const page = listed
      ? formatPage(form, name, [...listed.values()])
      : formatProjects(form, [...this.#projects.keys()]);
    const bytes = new TextEncoder().encode(page);
    const headers = { "content-type": simpleTypes[form], vary: "Accept", "cache-control": "max-age=600, public" };
    return serveBytes(request, bytes, headers);
  }
}
