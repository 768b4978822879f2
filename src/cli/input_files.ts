import { type CertificatePair, readCertificatePair, readPem } from "../app/pem_files.ts";
import { readSecret } from "../app/secret_file.ts";
import type { Config } from "../config/schema.ts";
import { authoritiesOf, clientCertificatesOf, isOnline, secretFilesOf } from "../config/upstreams.ts";

/**
 * Reads the certificate and key of the server, which belong together; null where the configuration has none. Throws
 * `storage_failed` or `permission_missing`.
 */
export async function readTls({ tls }: Config): Promise<CertificatePair | null> {
  return tls === undefined ? null : await readCertificatePair(tls, "tls");
}

/**
 * Opens at start what is read later, at the first request or when it changes. Throws `storage_failed` or
 * `permission_missing`.
 */
export async function checkInputFiles(config: Config): Promise<void> {
  await checkAuthorities(config);
  const online = config.backends.filter((backend) => isOnline(backend, config));
  for (const path of online.flatMap(secretFilesOf)) readSecret(path);
  for (const backend of online) {
    for (const paths of clientCertificatesOf(backend)) await readCertificatePair(paths, "client_certificate");
  }
}

async function checkAuthorities(config: Config): Promise<void> {
  const backends = config.backends.map((backend) => ({
    key: `ca of backend "${backend.name}"`,
    ca: authoritiesOf(backend),
  }));
  for (const { key, ca = [] } of [{ key: "ca", ca: config.ca }, ...backends]) {
    for (const path of ca) await readPem(path, { key, marker: "CERTIFICATE" });
  }
}
