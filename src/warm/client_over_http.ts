import { Buffer } from "node:buffer";
import { VaultError } from "../errors.ts";
import { redact } from "../observe/redact.ts";
import { networkFailure } from "../upstream/network_error.ts";
import type { VaultClient } from "../warming.ts";

export interface HttpClientOptions {
  /** PEM texts of certificate authorities to trust besides the system's. */
  readonly authorities?: readonly string[];
}

/** Every vault answers this so. */
const healthPath = "/-/healthz";
const healthy = "ok\n";

/** A client of a vault that runs elsewhere. The caller closes it. */
export interface HttpClient extends VaultClient {
  /** Throws `config_invalid` for what is no vault, and `upstream_down` where nothing answers. */
  check(): Promise<void>;
  close(): void;
}

/**
 * Opens a client of the vault at `url`, which may have a path, and a user name and password. Throws `config_invalid`
 * for what is no URL.
 */
export function openClientOverHttp(url: string, { authorities = [] }: HttpClientOptions = {}): HttpClient {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new VaultError("config_invalid", `"${redact(url)}" is not the URL of a vault; write http://vault:8080`);
  }
  const login = loginOf(base);
  const at = base.origin + base.pathname.replace(/\/+$/, "");
  const client = Deno.createHttpClient({ caCerts: [...authorities] });
  const vault: HttpClient = {
    async request(path, { method = "GET", headers = {}, signal } = {}) {
      const sent = { accept: "*/*", "accept-encoding": "identity", ...login, ...headers };
      try {
        return await fetch(at + path, { method, headers: sent, client, ...signal && { signal } });
      } catch (error) {
        signal?.throwIfAborted();
        const message = `Cannot reach the vault at ${at}: ${networkFailure(error).reason}`;
        throw new VaultError("upstream_down", message, { cause: error });
      }
    },
    async check() {
      const answer = await vault.request(healthPath);
      const text = answer.ok ? await answer.text() : (await answer.body?.cancel(), "");
      if (text === healthy) return;
      const said = answer.ok ? "something else than a vault" : `${answer.status}`;
      const message = `There is no vault at ${at}: ${healthPath} answers ${said}. Name it as clients do`;
      throw new VaultError("config_invalid", message);
    },
    close: () => client.close(),
  };
  return vault;
}

function loginOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}
