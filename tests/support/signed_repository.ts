import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { runToSuccess } from "./run_command.ts";
import type { TempDir } from "./temp_dir.ts";

export interface RepositoryState {
  /** Versions by the names of packages. */
  readonly packages: Readonly<Record<string, string>>;
  readonly acquireByHash?: boolean;
}

const component = "main/binary-amd64";
/** Each state is that much younger than the one before: files have whole seconds. */
const secondsBetweenStates = 10;

/** A repository of real packages, signed with a key of its own, below a folder that a server serves. */
export class SignedRepository {
  readonly root: string;
  /** The public key, for `signed-by`. */
  readonly key: string;
  readonly #home: string;
  readonly #dir: TempDir;
  #states = 0;

  private constructor(dir: TempDir, root: string) {
    this.#dir = dir;
    this.root = root;
    this.#home = dir.join("gpg");
    this.key = dir.join("key.gpg");
  }

  static async create(dir: TempDir): Promise<SignedRepository> {
    const repository = new SignedRepository(dir, dir.join("repository"));
    await Deno.mkdir(repository.#home, { mode: 0o700 });
    await Deno.mkdir(repository.root);
    await repository.#gpg("--quick-generate-key", "archive@example.org", "rsa2048", "sign", "never");
    await repository.#gpg("--output", repository.key, "--export");
    return repository;
  }

  /** Where a package is, below the root. */
  pathOf(name: string, version: string): string {
    return `pool/main/${name}_${version}_all.deb`;
  }

  /** Puts the packages there, then the indexes, then the release: each file in one step. */
  async publish(state: RepositoryState): Promise<void> {
    await this.publishIndexes(state);
    await this.publishRelease(state);
  }

  /** The first half of `publish`: with the old release still there, as in the middle of a mirror's synchronisation. */
  async publishIndexes({ packages, acquireByHash = false }: RepositoryState): Promise<void> {
    this.#states++;
    const stanzas = await Promise.all(Object.entries(packages).map(([name, version]) => this.#stanza(name, version)));
    const text = new TextEncoder().encode(stanzas.join("\n"));
    const files = { Packages: text, "Packages.gz": await gzip(text) };
    for (const [name, bytes] of Object.entries(files)) {
      await this.#write(`dists/stable/${component}/${name}`, bytes);
      if (!acquireByHash) continue;
      for (const [folder, algorithm] of [["SHA256", "sha256"], ["SHA512", "sha512"]] as const) {
        await this.#write(`dists/stable/${component}/by-hash/${folder}/${hash(bytes, algorithm)}`, bytes);
      }
    }
  }

  /** The second half. */
  async publishRelease({ acquireByHash = false }: RepositoryState): Promise<void> {
    const listed = ["Packages", "Packages.gz"].map((name) => `${component}/${name}`);
    const lines = await Promise.all(listed.map(async (path) => {
      const bytes = await Deno.readFile(`${this.root}/dists/stable/${path}`);
      return ` ${hash(bytes, "sha256")} ${bytes.length} ${path}`;
    }));
    const release = [
      "Origin: Test",
      "Suite: stable",
      "Codename: stable",
      "Architectures: amd64",
      "Components: main",
      `Acquire-By-Hash: ${acquireByHash ? "yes" : "no"}`,
      `Date: ${this.#date().toUTCString().replace("GMT", "UTC")}`,
      "SHA256:",
      ...lines,
      "",
    ].join("\n");
    const unsigned = this.#dir.join("Release");
    const signed = this.#dir.join("InRelease");
    await Deno.writeTextFile(unsigned, release);
    await this.#gpg("--yes", "--output", signed, "--clearsign", unsigned);
    await this.#write("dists/stable/InRelease", await Deno.readFile(signed));
  }

  /** In the past, and later for each state. */
  #date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#states * secondsBetweenStates * 1000);
  }

  async #stanza(name: string, version: string): Promise<string> {
    const path = this.pathOf(name, version);
    const control = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Test <test@example.org>\n`;
    const described = `${control}Description: a package for tests\n`;
    const file = `${this.root}/${path}`;
    if (await Deno.stat(file).catch(() => null) === null) {
      await this.#build(file, { name, version, control: described });
    }
    const bytes = await Deno.readFile(file);
    const sums = `MD5sum: ${hash(bytes, "md5")}\nSHA256: ${hash(bytes, "sha256")}\n`;
    return `${control}Filename: ${path}\nSize: ${bytes.length}\n${sums}Description: a package for tests\n`;
  }

  async #build(
    file: string,
    { name, version, control }: { name: string; version: string; control: string },
  ): Promise<void> {
    const folder = this.#dir.join(`build-${name}-${version}`);
    await Deno.mkdir(`${folder}/DEBIAN`, { recursive: true });
    await Deno.mkdir(`${folder}/usr/share/${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/DEBIAN/control`, control);
    const payload = new Uint8Array(300_000);
    for (let at = 0; at < payload.length; at += 50_000) crypto.getRandomValues(payload.subarray(at, at + 50_000));
    await Deno.writeFile(`${folder}/usr/share/${name}/${version}`, payload);
    await Deno.mkdir(dirname(file), { recursive: true });
    await runToSuccess(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, file]);
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const file = `${this.root}/${path}`;
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeFile(`${file}.new`, bytes);
    await Deno.utime(`${file}.new`, this.#date(), this.#date());
    await Deno.rename(`${file}.new`, file);
  }

  async #gpg(...args: string[]): Promise<void> {
    const options = ["--homedir", this.#home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
    await runToSuccess(["gpg", ...options, ...args]);
  }
}

function hash(bytes: Uint8Array, algorithm: string): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}
