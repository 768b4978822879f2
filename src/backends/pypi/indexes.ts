import type { Candidate, Fetch } from "../../artifact.ts";
import type { Provenance } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import { Forwarding } from "./forwarding.ts";
import { lastSegment } from "./links.ts";
import { permitting, type ProjectGlobs } from "./globs.ts";
import { projectsOf } from "./names.ts";
import type { PageFile } from "./page.ts";
import { formatFilePath } from "./request.ts";

/** A configured index. */
export interface IndexOptions {
  /** The URL before the names of projects, without a slash at its end. */
  readonly url: string;
  /** The URL of the files below `/packages`; null where they may be anywhere. */
  readonly packagesUrl: string | null;
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  /** Statuses, besides 404 and 410, that mean it does not have a project. */
  readonly absentStatuses?: readonly number[];
  /** True where `url` is one page that lists the files of all projects (pip's `--find-links`); false when absent. */
  readonly isFindLinks?: boolean;
  /** Globs of normalised names; empty for all. */
  readonly only: readonly string[];
  readonly never: readonly string[];
}

/** An index, and the URLs and candidates of its documents. */
export interface Index {
  /** Without credentials. */
  readonly url: string;
  readonly globs: ProjectGlobs;
  permits(project: string): boolean;
  readonly permitsAll: boolean;
  pageUrl(project: string): string;
  /** The page that lists the files of all projects; null for an index, which has a page for each. */
  readonly linksUrl: string | null;
  /**
   * Returns the URL of a project, or of one version of it, in its JSON API; null where the index's own URL does not
   * say.
   */
  apiUrl(project: string, version: string | null): string | null;
  /** A candidate for a file, which may come from any host. */
  candidate(url: string): Candidate;
  /** A candidate for a page or a list: a redirect to another index is not followed where the indexes have rules. */
  documentCandidate(url: string): Candidate;
  /** Says whether a document that it gave is its own, by where it came from and what the index says of it now. */
  vouchesFor(source: Provenance): boolean;
}

/** The indexes in their order, and the URL of their files. */
export class Indexes {
  readonly all: readonly Index[];
  /** The URL before the files below `/packages`; null where there is no `packages_url`. */
  readonly packagesBase: string | null;

  constructor(indexes: readonly IndexOptions[]) {
    const forwarding = new Forwarding(indexes.map(({ url }) => withoutCredentials(url)), indexes.some(isRuled));
    this.all = indexes.map((index) => openIndex(index, forwarding));
    const packagesUrl = indexes.map((index) => index.packagesUrl).find((url) => url !== null) ?? null;
    this.packagesBase = packagesUrl && packagesBase(packagesUrl);
  }

  /** The indexes that may have the project, in order. Throws `not_found` where none may. */
  of(project: string): readonly Index[] {
    const permitted = this.all.filter((index) => index.permits(project));
    if (permitted.length > 0) return permitted;
    throw new VaultError("not_found", `No index is asked for "${project}": "only" and "never" of this backend say so`);
  }

  /** Says whether any of them may have the project. */
  permit(project: string): boolean {
    return this.all.some((index) => index.permits(project));
  }

  /**
   * The index that has its page of the project at this URL; null for any other URL, or where it may not have the
   * project.
   */
  at(url: string, project: string): Index | null {
    return this.all.find((index) => index.permits(project) && index.pageUrl(project) === url) ?? null;
  }

  /** The URL of a file below `/packages`. Throws `not_found` where there is no `packages_url`. */
  packageUrl(rest: string): string {
    if (this.packagesBase !== null) return this.packagesBase + rest;
    throw new VaultError("not_found", 'Nothing is below /packages here: this backend has no "packages_url"');
  }
}

/**
 * The path below the prefix for a file of a project, given by its address; below `/packages` only if it is below
 * `base` and its name tells the project.
 */
export function pathOfFile(base: string | null, project: string, url: string): string {
  if (base === null || !url.startsWith(`${base}/`)) return formatFilePath(project, url);
  const { pathname } = new URL(url);
  if (!projectsOf(lastSegment(pathname)).includes(project)) return formatFilePath(project, url);
  return `/packages${pathname.slice(new URL(base).pathname.length)}`;
}

/**
 * The URL of a file for clients: without its query and, where that does not end in the name of a package, with the
 * file's name behind it. Files may differ in their queries only, and pip takes a file's name from its URL.
 */
export function addressOf({ url, filename }: Pick<PageFile, "url" | "filename">): string {
  const address = new URL(url);
  address.search = "";
  const isPackage = (name: string) => projectsOf(name).length > 0;
  if (isPackage(filename) && !isPackage(lastSegment(address.pathname))) {
    address.pathname = `${address.pathname.replace(/\/$/, "")}/${encodeURIComponent(filename)}`;
  }
  return address.href;
}

/**
 * The key of a file, by its URL without the query. It is the same however a page or a client has escaped the URL: pip
 * escapes even characters that need no escape. Throws `URIError` for escapes that are not UTF-8.
 */
export function fileKeyOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  const segments = pathname.split("/").map((segment) => encodeURIComponent(decodeURIComponent(segment)));
  return `/files/${protocol.slice(0, -1)}/${host}${segments.join("/")}`;
}

function isRuled({ only, never }: IndexOptions): boolean {
  return only.length > 0 || never.length > 0;
}

function openIndex(index: IndexOptions, forwarding: Forwarding): Index {
  const { fetch, only, never, isFindLinks = false } = index;
  const globs = { only, never };
  const url = withoutCredentials(index.url);
  const objection = (target: URL) => forwarding.objection(url, target);
  const candidateOf = (target: string, fetch: Fetch): Candidate => {
    const { idleTimeoutMs, absentStatuses = [] } = index;
    return { url: target, fetch, idleTimeoutMs, absentStatuses };
  };
  return {
    url,
    globs,
    permits: permitting(globs),
    permitsAll: !isRuled(index),
    pageUrl: (project) => isFindLinks ? `${url}#${project}` : `${url}/${project}/`,
    linksUrl: isFindLinks ? linksUrl(url) : null,
    apiUrl(project, version) {
      const below = version === null ? project : `${project}/${encodeURIComponent(version)}`;
      return !isFindLinks && url.endsWith("/simple") ? `${url.slice(0, -"/simple".length)}/pypi/${below}/json` : null;
    },
    candidate: (target) => candidateOf(target, fetch),
    documentCandidate: (target) => candidateOf(target, (request, options) => fetch(request, { ...options, objection })),
    vouchesFor: (source) => forwarding.vouches(url, source),
  };
}

/** A folder of files gets a slash at its end, which the configuration has not: its relative links need it. */
function linksUrl(url: string): string {
  return /\.\w+$/.test(new URL(url).pathname) ? url : `${url}/`;
}

function withoutCredentials(url: string): string {
  const bare = new URL(url);
  bare.username = bare.password = "";
  return bare.href.replace(/\/+$/, "");
}

/** The URL of a host alone means its `/packages`, where PyPI has its files. */
function packagesBase(packagesUrl: string): string {
  const base = withoutCredentials(packagesUrl);
  return new URL(base).pathname === "/" ? `${base}/packages` : base;
}
