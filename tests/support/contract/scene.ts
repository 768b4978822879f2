import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cachedEntries } from "../../../src/inventory/cached_entries.ts";
import { openOutlooks, type Outlooks } from "../../../src/outlooks.ts";
import type { Entry } from "../../../src/store/store.ts";
import { type AppFixture, type AppOptions, configOf, startBackends } from "../app_fixture.ts";
import { listBlobs } from "../cache_dir.ts";
import { type Answer, type FakeUpstream, startFakeUpstream, type UpstreamRequest } from "../fake_upstream.ts";
import type { RawAnswer, RawClient, RawRequest } from "../raw_client.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import type { ErrorForm, Specimen, Version } from "./specimen.ts";

const prefix = "/specimen";

export interface VaultOptions extends Pick<AppOptions, "top"> {
  /** More keys of the backend. */
  readonly backend?: Readonly<Record<string, unknown>>;
}

/** An upstream that has all of a specimen, and a cache for the vaults that are started in front of it. */
export class ContractScene implements AsyncDisposable {
  readonly specimen: Specimen;
  readonly upstream: FakeUpstream = startFakeUpstream();
  readonly #dir: TempDir;

  private constructor(specimen: Specimen, dir: TempDir) {
    this.specimen = specimen;
    this.#dir = dir;
    this.publish("one");
  }

  static async create(specimen: Specimen): Promise<ContractScene> {
    return new ContractScene(specimen, await createTempDir("vault-contract-"));
  }

  /** From now on upstream has this version, or answers with what `change` makes of each of its answers. */
  publish(version: Version, change: (answer: Answer) => Answer = (answer) => answer): void {
    for (const [target, answer] of this.#content(version)) this.upstream.serve(target, change(answer));
  }

  /** From now on upstream has the first version for requests to which `guard` gives null. */
  guard(guard: (request: UpstreamRequest) => Answer | null): void {
    for (const [target, answer] of this.#content("one")) {
      this.upstream.serve(target, (request) => guard(request) ?? answer);
    }
  }

  /** From now on upstream answers so where the file and the document are, and has all else as before. */
  replaceBoth(answer: Answer): void {
    for (const { target } of [this.specimen.file, this.specimen.document]) this.upstream.serve(target, answer);
  }

  /** A vault whose documents are never fresh, unless `backend` says otherwise. All vaults of a scene share a cache. */
  async start(options: VaultOptions = {}): Promise<ContractVault> {
    return new ContractVault(await startBackends([this.#entryOf(options)], this.#optionsOf(options)));
  }

  /** What looks into the cache for a vault of the same configuration. */
  async openOutlooks(options: VaultOptions = {}): Promise<Outlooks> {
    const { types } = this.specimen;
    const config = await configOf([this.#entryOf(options)], this.#optionsOf(options));
    return await openOutlooks(config, { ...types && { types } });
  }

  /** All that is cached. */
  entries(): Promise<Entry[]> {
    return Array.fromAsync(cachedEntries(this.#dir.path));
  }

  #entryOf({ backend }: VaultOptions) {
    const { specimen, upstream } = this;
    const config = { prefix, retries: 0, ...specimen.config(upstream.origin), ...specimen.freshFor("0s"), ...backend };
    return { type: specimen.type, name: "specimen", config };
  }

  #optionsOf({ top = {} }: VaultOptions) {
    const { types } = this.specimen;
    return { cacheDir: this.#dir.path, top, ...types && { types } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }

  #content(version: Version): [target: string, answer: Answer][] {
    return Object.entries(this.specimen.content(this.upstream.origin, version));
  }
}

/** A vault that has the specimen only. Paths are those below its prefix. */
export class ContractVault implements AsyncDisposable {
  readonly app: AppFixture;

  constructor(app: AppFixture) {
    this.app = app;
  }

  ask(path: string, request?: RawRequest): Promise<RawAnswer> {
    return this.app.ask(prefix + path, request);
  }

  /** Asks, and waits until nothing is being fetched any more. */
  async read(path: string, request?: RawRequest): Promise<RawAnswer> {
    const answer = await this.ask(path, request);
    await this.app.idle();
    return answer;
  }

  /** Asks on a connection that is read as the test likes. */
  async open(path: string): Promise<RawClient> {
    const client = await this.app.connect();
    await client.request(prefix + path);
    return client;
  }

  /** Whether these bytes are stored. */
  hasStored(bytes: Uint8Array): boolean {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return listBlobs(this.app.cacheDir).some((blob) => blob.endsWith(sha256));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app[Symbol.asyncDispose]();
  }
}

/** Where clients ask for the document, and for the file. */
export function pathsOf({ file, document }: Specimen): string[] {
  return [document.path, file.path];
}

/** The answer is this version of the document, whole. */
export function assertVersion({ status, complete, text }: RawAnswer, version: Version): void {
  assert.deepEqual([status, complete], [200, true], text);
  const other = version === "one" ? "two" : "one";
  assert.ok(text.includes(`version-${version}`) && !text.includes(`version-${other}`), text);
}

export interface ExpectedError {
  readonly errors: ErrorForm;
  readonly status: number;
  /** What its body says. */
  readonly body: RegExp;
  /** GET where absent. */
  readonly method?: string;
}

/** The answer is an error in the protocol's form, which no cache keeps. */
export function assertError(answer: RawAnswer, { errors, status, body, method = "GET" }: ExpectedError): void {
  assert.equal(answer.status, status, answer.text);
  assert.ok(answer.complete);
  assert.equal(answer.headers.get("content-type"), errors.contentType);
  assert.match(answer.headers.get("cache-control") ?? "", /no-store/);
  if (method === "HEAD") assert.equal(answer.body.length, 0);
  else assert.match(answer.text, body);
}
