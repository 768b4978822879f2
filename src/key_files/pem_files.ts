import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";
import { certificatesIn, certificateVersion } from "./certificate.ts";
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
  const [first] = certificatesIn(cert).map((one) => parsed(() => new X509Certificate(one), paths.cert, names.cert));
  if (first === undefined) throw unusable(paths.cert, names.cert, "its certificate has no end");
  const certified = parsed(() => first.publicKey, paths.cert, names.cert);
  if (certificateVersion(cert) !== 3) {
    throw unusable(paths.cert, names.cert, "it is not of X.509 version 3; one that is signed with a subjectAltName is");
  }
  const own = parsed(() => createPublicKey(createPrivateKey(key)), paths.key, names.key);
  if (!sameKey(certified, own)) {
    throw unusable(paths.key, names.key, `the certificate in "${paths.cert}" was made for another key`);
  }
  if (!servesTls(own)) {
    const advice = "make one of RSA with 2,048 bits or more, of EC P-256, P-384 or P-521, or Ed25519";
    throw unusable(paths.key, names.key, `no TLS is possible with a key of its kind; ${advice}`);
  }
  parsed(() => Deno.createHttpClient({ cert, key }).close(), paths.cert, names.cert);
  return { cert, key };
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

/** True for the keys that Deno's TLS takes. Given another one, Deno 2.6 ends with a stack. */
function servesTls({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve = "" } = asymmetricKeyDetails;
  if (asymmetricKeyType === "rsa") return modulusLength >= 2048;
  // Each is named differently by Deno before 2.9.
  if (asymmetricKeyType === "ec") return /^(?:prime256v1|secp384r1|secp521r1|p256|p384|p521)$/.test(namedCurve);
  return asymmetricKeyType === "ed25519";
}

function parsed<T>(parse: () => T, path: string, key: string): T {
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
