import { createHash } from "node:crypto";
import type { CachingPolicy } from "../../../src/artifact.ts";
import type { Backend, Resolved } from "../../../src/backend.ts";
import { type BackendOptions, createBackend } from "../../../src/backends/pypi/backend.ts";
import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import type { IndexOptions } from "../../../src/backends/pypi/indexes.ts";
import { type HeaderList, headerOf } from "../../../src/http/headers.ts";
import { parseTarget } from "../../../src/http/path.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";
import { bytesOf, VaultFixture, type VaultFixtureOptions } from "../../support/vault_fixture.ts";

export const policy: CachingPolicy = {
  staleIfErrorMs: Infinity,
  negativeTtlMs: 0,
  serveDeleted: true,
  honorClientNoCache: false,
  abandonedTransfer: "finish",
  offline: false,
};

export const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** What a client gets. */
export interface Got {
  readonly status: number;
  readonly headers: HeaderList;
  readonly text: string;
}

/** A backend on a real vault, and the upstreams it asks. Dispose of it with `await using`. */
export class PypiScene implements AsyncDisposable {
  readonly fixture: VaultFixture;
  readonly warnings: string[] = [];
  readonly #upstreams: FakeUpstream[] = [];

  constructor(options: VaultFixtureOptions = {}) {
    this.fixture = new VaultFixture(options);
  }

  startUpstream(): FakeUpstream {
    const upstream = startFakeUpstream();
    this.#upstreams.push(upstream);
    return upstream;
  }

  /** An index at `/simple` of an upstream, whose files are below `/packages` there, but for what `changes` says. */
  index({ origin }: FakeUpstream, changes: Partial<IndexOptions> = {}): IndexOptions {
    const { fetch } = this.fixture;
    const urls = { url: `${origin}/simple`, packagesUrl: `${origin}/packages` };
    return { ...urls, fetch, idleTimeoutMs: 10_000, only: [], never: [], ...changes };
  }

  /** At `/pypi`, with pages that are never fresh, but for what `changes` says. */
  backend(indexes: readonly IndexOptions[], changes: Partial<BackendOptions> = {}): Backend {
    return createBackend({
      name: "pypi",
      prefix: "/pypi",
      maxTransfers: 8,
      policy,
      isDefault: true,
      ttlMs: 0,
      minAgeMs: null,
      indexes,
      warn: (message) => void this.warnings.push(message),
      ...changes,
    });
  }

  /** Asks for a path below `/pypi` as the server does. A file that came is held. */
  async ask(backend: Backend, target: string, accept?: string): Promise<Got> {
    const { path, query } = parseTarget(`http://vault${target}`, "vault");
    const { vault } = this.fixture;
    const headers = new Headers(accept === undefined ? {} : { accept });
    const client = { host: "127.0.0.1", port: 40_000 };
    const resolved = await backend.resolve(
      { client, origin: "http://vault", base: "/pypi", path, query, headers },
      vault.reader,
    );
    return await this.#finish(resolved);
  }

  /** Asks for what the JSON page of a project links to under this file name. */
  async follow(backend: Backend, page: string, filename: string): Promise<Got> {
    const link = (await this.links(backend, page)).get(filename);
    if (link === undefined) throw new Error(`${page} does not list ${filename}`);
    return await this.ask(backend, link);
  }

  /** Where the JSON page links to, as paths below the prefix, by file name. */
  async links(backend: Backend, page: string): Promise<ReadonlyMap<string, string>> {
    const { text } = await this.ask(backend, page, jsonType);
    const files: { filename: string; url: string }[] = JSON.parse(text).files;
    return new Map(files.map(({ filename, url }) => {
      const { pathname, search } = new URL(url, `http://vault/pypi${page}`);
      return [filename, pathname.slice("/pypi".length) + search];
    }));
  }

  async #finish(resolved: Resolved): Promise<Got> {
    if (resolved.kind === "answer") {
      const { status, headers, body } = resolved.answer;
      return { status, headers, text: body };
    }
    if (resolved.kind === "document") {
      const { headers, bytes } = resolved.document;
      return { status: 200, headers, text: textOf(bytes) };
    }
    if (resolved.kind === "forward") throw new Error("Not expected: a request that is passed on");
    const { artifact } = resolved;
    const opened = await this.fixture.open(artifact);
    const text = textOf(await bytesOf(opened));
    await this.fixture.vault.reader.fetch(artifact);
    return { status: 200, headers: resolved.headers?.(opened.headers) ?? opened.headers, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
    for (const upstream of this.#upstreams) await upstream[Symbol.asyncDispose]();
  }
}

/** A file as an index keeps it. */
export interface ServedFile {
  readonly filename: string;
  readonly body: string;
  /** Of it, relative to the page; `../../packages/<filename>` without it. */
  readonly url?: string;
  /** More keys of the page. */
  readonly keys?: Readonly<Record<string, unknown>>;
}

/** Serves the JSON page of a project; the bodies of its files too, where they have the usual place. */
export function servePage(upstream: FakeUpstream, project: string, files: readonly ServedFile[]): void {
  const entries = files.map(({ filename, body, url, keys }) => {
    if (url === undefined) upstream.serve(`/packages/${filename}`, { body });
    return { filename, url: url ?? `../../packages/${filename}`, hashes: { sha256: hashOf(body) }, ...keys };
  });
  const body = JSON.stringify({ meta: { "api-version": "1.1" }, name: project, files: entries });
  upstream.serve(`/simple/${project}/`, { body, headers: { "content-type": jsonType } });
}

export function contentTypeOf({ headers }: Got): string | undefined {
  return headerOf(headers, "content-type");
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
