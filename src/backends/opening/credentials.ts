import type { CredentialValues } from "../../config/credential_keys.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { isOnline } from "../../config/upstreams.ts";
import type { Log } from "../../observe/log.ts";
import type { Credentials } from "../../upstream/credentials.ts";
import type { RenewableCredentials } from "../../upstream/renewal.ts";
import { SecretFile } from "../../key_files/secret_file.ts";
import type { Upstreams } from "./upstreams.ts";

/** Configured credentials, with the secrets that were read from files. */
export interface KnownCredentials {
  readonly username?: string | undefined;
  readonly password: string;
  readonly token?: string | undefined;
}

export interface CredentialsDeps {
  readonly config: Config;
  readonly backend: BackendConfig;
  readonly upstreams: Pick<Upstreams, "reachNetwork">;
  readonly log: Log;
}

/** Returns the credentials for every request to an upstream. Throws as `openCredentials`. */
export function credentialsOf(
  configured: CredentialValues,
  deps: CredentialsDeps,
): Credentials | RenewableCredentials {
  return openCredentials(configured, deps, ({ username, password, token }) => {
    if (token !== undefined) return { kind: "bearer", token };
    return username === undefined ? { kind: "none" } : { kind: "basic", username, password };
  });
}

/**
 * Makes credentials by `form`, and makes them again whenever a file with a secret has changed. Files are not opened for
 * a backend that never contacts its upstreams. Throws `storage_failed` or `permission_missing` where a file cannot be
 * read.
 */
export function openCredentials(
  { username, password = "", password_file, token, token_file }: CredentialValues,
  { config, backend, upstreams, log }: CredentialsDeps,
  form: (known: KnownCredentials) => Credentials,
): Credentials | RenewableCredentials {
  const path = token_file ?? password_file;
  const isNeeded = upstreams.reachNetwork && isOnline(backend, config);
  if (path === undefined || !isNeeded) return form({ username, password, token });
  return renewable(
    new SecretFile(path, { log }),
    (secret) =>
      form(token_file === undefined ? { username, password: secret, token } : { username, password, token: secret }),
  );
}

function renewable(file: SecretFile, form: (secret: string) => Credentials): RenewableCredentials {
  let secret = file.current();
  let credentials = form(secret);
  const formOf = (read: string) => {
    if (read !== secret) [secret, credentials] = [read, form(read)];
    return credentials;
  };
  return { current: () => formOf(file.current()), reread: () => formOf(file.reread()) };
}
