import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";
import { certificateVersion } from "./certificate.ts";
import { whyUnreadable } from "./why_unreadable.ts";

/** A certificate and its key, as two paths or as two PEM texts. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a certificate and the key that belongs to it; `name` is the configuration's key for both, such as `tls`. Throws
 * `storage_failed` or `permission_missing`.
 */
export async function readCertificatePair(paths: CertificatePair, name: string): Promise<CertificatePair> {
  const names = { cert: `${name}.cert`, key: `${name}.key` };
  const cert = await readPem(paths.cert, { key: names.cert, marker: "CERTIFICATE" });
  const key = await readPem(paths.key, { key: names.key, marker: "PRIVATE KEY" });
  if (key.includes("ENCRYPTED")) {
    throw unusable(paths.key, names.key, "it is protected by a passphrase; decrypt it with openssl pkey");
  }
  const certified = parsed(() => new X509Certificate(cert).publicKey, paths.cert, names.cert);
  if (certificateVersion(cert) !== 3) {
    throw unusable(paths.cert, names.cert, "it is not of X.509 version 3; one that is signed with a subjectAltName is");
  }
  const own = parsed(() => createPublicKey(createPrivateKey(key)), paths.key, names.key);
  if (sameKey(certified, own)) return { cert, key };
  throw unusable(paths.key, names.key, `the certificate in "${paths.cert}" was made for another key`);
}

/**
 * Reads a PEM file that contains `marker`; `key` is its name in the configuration, for messages. Throws
 * `storage_failed` or `permission_missing`.
 */
export async function readPem(path: string, wanted: { key: string; marker: string }): Promise<string> {
  const fail = (reason: string, cause?: unknown) => unusable(path, wanted.key, reason, cause);
  const text = await Deno.readTextFile(path).catch((error) => {
    throw asPermissionMissing(error) ?? fail(whyUnreadable(error), error);
  });
  if (!new RegExp(`-----BEGIN [A-Z ]*${wanted.marker}-----`).test(text)) {
    throw fail(`it holds no ${wanted.marker.toLowerCase()} in PEM form`);
  }
  return text;
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
