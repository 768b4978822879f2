import { asPermissionMissing } from "../../config/permission.ts";
import { VaultError } from "../../errors.ts";
import { readPem } from "../../key_files/pem_files.ts";
import { redactUrl } from "../../observe/redact.ts";
import { networkFailure } from "../../upstream/network_error.ts";
import type { OptionSpec, OptionValues } from "../command.ts";
import { textOf } from "../option_values.ts";
import { requestInitOf } from "./protocol.ts";
import type { ApiAnswer, VaultApi } from "./vault_api.ts";

/** The options of commands that can ask a server elsewhere. */
export const urlOptions: Readonly<Record<string, OptionSpec>> = {
  url: { value: "URL", help: "The server, by its address; else the one that runs on the cache directory here" },
  ca: { value: "FILE", help: "With --url: a certificate authority to trust besides the system's" },
};

/** Returns the URL of a server without a slash at its end. Throws `config_invalid`. */
export function serverUrlOf(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) {
    const { username, password, origin } = url;
    if (username === "" && password === "") return `${origin}${url.pathname.replace(/\/+$/, "")}`;
    throw new VaultError("config_invalid", "--url: a server takes no user and password in its address");
  }
  throw new VaultError("config_invalid", `--url: "${redactUrl(text)}" is no URL; write http://127.0.0.1:8080`);
}

/** The authority that `--ca` names; none without it. Throws as `readPem`. */
export async function authoritiesOf(values: OptionValues): Promise<readonly string[]> {
  const ca = textOf(values, "ca");
  return ca === undefined ? [] : [await readPem(ca, { key: "--ca", marker: "CERTIFICATE" })];
}

/** The own pages of the server that `--url` names; null without it. Throws as `serverUrlOf` and `readPem`. */
export async function urlApiOf(values: OptionValues): Promise<VaultApi | null> {
  const url = textOf(values, "url");
  if (url !== undefined) return urlApi(serverUrlOf(url), await authoritiesOf(values));
  if (textOf(values, "ca") !== undefined) throw new VaultError("config_invalid", "--ca is for --url");
  return null;
}

/** The own pages of the server at `url`. */
export function urlApi(url: string, authorities: readonly string[] = []): VaultApi {
  return {
    url,
    async ask(request, signal) {
      const client = Deno.createHttpClient({ caCerts: [...authorities] });
      const init = { ...requestInitOf(request), client, ...signal !== undefined && { signal } };
      try {
        const answer = await fetch(`${url}${request.path}`, init);
        // Closing it does not end what has begun.
        client.close();
        return { status: answer.status, body: endedBy(signal, answer.body ?? emptyBody()) };
      } catch (error) {
        client.close();
        throw asPermissionMissing(error) ??
          new VaultError("upstream_down", `The server at ${url} does not answer: ${networkFailure(error).reason}`, {
            cause: error,
          });
      }
    },
  };
}

/** A body that ends with the signal: one over TLS may not by itself (Deno 2.6 and 2.9). */
function endedBy(signal: AbortSignal | undefined, body: ApiAnswer["body"]): ApiAnswer["body"] {
  return signal === undefined ? body : body.pipeThrough(new TransformStream(), { signal });
}

function emptyBody(): ApiAnswer["body"] {
  return new ReadableStream({ start: (controller) => controller.close() });
}
