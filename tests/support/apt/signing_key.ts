import { runToSuccess } from "../run_command.ts";
import type { TempDir } from "../temp_dir.ts";

/** A throw-away OpenPGP key with an agent of its own. */
export class SigningKey implements AsyncDisposable {
  /** The public key, as `signed-by` takes it. */
  readonly path: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(path: string, env: Readonly<Record<string, string>>) {
    this.path = path;
    this.#env = env;
  }

  static async create(dir: TempDir): Promise<SigningKey> {
    const home = dir.join("gpg");
    await Deno.mkdir(home, { mode: 0o700 });
    const key = new SigningKey(dir.join("key.gpg"), { GNUPGHOME: home });
    // Where gpg starts the agent itself it waits a second for it.
    await key.#run("gpgconf", "--launch", "gpg-agent");
    await key.#gpg("--passphrase", "", "--quick-generate-key", "archive@example.org", "ed25519", "sign", "never");
    await key.#gpg("--output", key.path, "--export");
    return key;
  }

  /** Writes the text with its signature around it. */
  async clearSign(text: string, signed: string): Promise<void> {
    await this.#gpg("--output", signed, "--clearsign", text);
  }

  /** Writes the signature alone. */
  async sign(file: string, signature: string): Promise<void> {
    await this.#gpg("--armor", "--output", signature, "--detach-sign", file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run("gpgconf", "--kill", "gpg-agent");
  }

  async #gpg(...args: string[]): Promise<void> {
    await this.#run("gpg", "--batch", "--quiet", "--yes", ...args);
  }

  async #run(...command: string[]): Promise<void> {
    await runToSuccess(command, { env: this.#env });
  }
}
