import { readSecret } from "../app/secret_file.ts";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { asPermissionMissing } from "../config/permission.ts";
import type { Config } from "../config/schema.ts";
import { authoritiesOf, isOnline, secretFilesOf } from "../config/upstreams.ts";
import { messageOf, VaultError } from "../errors.ts";

/** What `Deno.serve` takes to speak TLS. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads the certificate and key, which belong together; null where the configuration has none. Throws `storage_failed`
 * or `permission_missing`.
 */
export async function readTls({ tls }: Config): Promise<TlsOptions | null> {
  if (tls === undefined) return null;
  const cert = await readPem(tls.cert, { key: "tls.cert", marker: "CERTIFICATE" });
  const key = await readPem(tls.key, { key: "tls.key", marker: "PRIVATE KEY" });
  checkPair({ cert, key }, tls);
  return { cert, key };
}

function checkPair({ cert, key }: TlsOptions, paths: TlsOptions): void {
  if (key.includes("ENCRYPTED")) {
    throw unusable(paths.key, "tls.key", "it is protected by a passphrase; decrypt it with openssl pkey");
  }
  const certified = parsed(() => new X509Certificate(cert).publicKey, paths.cert, "tls.cert");
  const own = parsed(() => createPublicKey(createPrivateKey(key)), paths.key, "tls.key");
  if (!sameKey(certified, own)) {
    throw unusable(paths.key, "tls.key", `the certificate in "${paths.cert}" was made for another key`);
  }
}

function parsed(parse: () => KeyObject, path: string, key: string): KeyObject {
  try {
    return parse();
  } catch (error) {
    throw unusable(path, key, `it is damaged, or of a kind that is not known here (${messageOf(error)})`, error);
  }
}

function sameKey(a: KeyObject, b: KeyObject): boolean {
  const bytesOf = (key: KeyObject) => key.export({ type: "spki", format: "der" });
  return bytesOf(a).equals(bytesOf(b));
}

function unusable(path: string, key: string, reason: string, cause?: unknown): VaultError {
  return new VaultError("storage_failed", `Cannot use "${path}" as ${key}: ${reason}`, { cause });
}

/** Opens at start what is read later, at the first request or when it changes. Throws as `readTls`. */
export async function checkInputFiles(config: Config): Promise<void> {
  await checkAuthorities(config);
  const online = config.backends.filter((backend) => isOnline(backend, config));
  for (const path of online.flatMap(secretFilesOf)) readSecret(path);
}

/** Makes sure at start that the files of trusted authorities can be read, and not at the first request. */
export async function checkAuthorities(config: Config): Promise<void> {
  const backends = config.backends.map((backend) => ({
    key: `ca of backend "${backend.name}"`,
    ca: authoritiesOf(backend),
  }));
  for (const { key, ca = [] } of [{ key: "ca", ca: config.ca }, ...backends]) {
    for (const path of ca) await readPem(path, { key, marker: "CERTIFICATE" });
  }
}

async function readPem(path: string, wanted: { key: string; marker: string }): Promise<string> {
  const fail = (reason: string, cause?: unknown) => unusable(path, wanted.key, reason, cause);
  const text = await Deno.readTextFile(path).catch((error) => {
    throw asPermissionMissing(error) ?? fail(reasonOf(error), error);
  });
  if (!new RegExp(`-----BEGIN [A-Z ]*${wanted.marker}-----`).test(text)) {
    throw fail(`it holds no ${wanted.marker.toLowerCase()} in PEM form`);
  }
  return text;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return messageOf(error);
}
