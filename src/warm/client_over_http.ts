import { Buffer } from "node:buffer";
import { messageOf, VaultError } from "../errors.ts";
import { redact } from "../observe/redact.ts";
import type { VaultClient } from "../warming.ts";

export interface HttpClientOptions {
  /** PEM texts of certificate authorities to trust besides the system's. */
  readonly authorities?: readonly string[];
}

/** A client of a vault that runs elsewhere. The caller closes it. */
export interface HttpClient extends VaultClient {
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
  return {
    async request(path, { method = "GET", headers = {}, signal } = {}) {
      const sent = { accept: "*/*", "accept-encoding": "identity", ...login, ...headers };
      try {
        return await fetch(at + path, { method, headers: sent, client, ...signal && { signal } });
      } catch (error) {
        signal?.throwIfAborted();
        const message = `Cannot reach the vault at ${at}: ${messageOf(error)}`;
        throw new VaultError("upstream_down", message, { cause: error });
      }
    },
    close: () => client.close(),
  };
}

function loginOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}
