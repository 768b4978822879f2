import { createHash } from "node:crypto";
import { type FakeUpstream, startFakeUpstream } from "../fake_upstream.ts";

/** What one generation of a suite consists of: indexes by their path below it. */
export interface AptGeneration {
  readonly indexes: Readonly<Record<string, string>>;
  /** Tells generations apart, and counts for Last-Modified: seconds. */
  readonly nth: number;
  readonly acquireByHash?: boolean;
  /** The file of the release; `InRelease` where absent. */
  readonly name?: "InRelease" | "Release";
  /** Fields of the release besides its checksums. */
  readonly fields?: string;
}

const epoch = Date.UTC(2026, 0, 1);

/** The Release file of a generation, not signed: the vault leaves that to clients. */
export function releaseText({ indexes, nth, acquireByHash = false, fields = "" }: AptGeneration): string {
  const lines = Object.entries(indexes).map(([path, text]) => ` ${sha256(text)} ${text.length} ${path}`);
  const date = new Date(epoch + nth * 1000).toUTCString().replace("GMT", "UTC");
  return `Date: ${date}\nAcquire-By-Hash: ${acquireByHash ? "yes" : "no"}\n${fields}SHA256:\n${lines.join("\n")}\n`;
}

/** What looks like a signature. */
export function signatureText(nth: number): string {
  return `-----BEGIN PGP SIGNATURE-----\n\n${nth}\n-----END PGP SIGNATURE-----\n`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A repository that a test puts together file by file, in whatever state. */
export class AptUpstream implements AsyncDisposable {
  readonly upstream: FakeUpstream = startFakeUpstream();

  /** Puts a release there, without the indexes that it lists. */
  putRelease(suite: string, generation: AptGeneration): void {
    const { nth, name = "InRelease" } = generation;
    this.upstream.serve(`${suite}/${name}`, {
      body: releaseText(generation),
      lastModified: new Date(epoch + nth * 1000).toUTCString(),
    });
  }

  putIndexes(suite: string, { indexes, acquireByHash = false }: AptGeneration): void {
    for (const [path, text] of Object.entries(indexes)) {
      this.upstream.serve(`${suite}/${path}`, { body: text });
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      if (acquireByHash) this.upstream.serve(`${suite}/${folder}by-hash/SHA256/${sha256(text)}`, { body: text });
    }
  }

  put(suite: string, generation: AptGeneration): void {
    this.putIndexes(suite, generation);
    this.putRelease(suite, generation);
  }

  /** All paths asked for, in order. */
  asked(): string[] {
    return this.upstream.requests.map(({ target }) => target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Asks with a connection that it keeps, as apt does. */
export class AptConnection implements Disposable {
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; text: string }> {
    const response = await fetch(this.#origin + path, { headers, client: this.#client });
    return { status: response.status, text: await response.text() };
  }

  async read(path: string): Promise<string> {
    const { status, text } = await this.ask(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    return text;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
