import { type CertificatePair, readCertificatePair, readPem } from "../key_files/pem_files.ts";
import { validityWarning } from "../key_files/certificate.ts";
import { readSecret } from "../key_files/secret_file.ts";
import type { Config } from "../config/schema.ts";
import { VaultError } from "../errors.ts";
import { authoritiesOf, clientCertificatesOf, isOnline, secretFilesOf } from "../config/upstreams.ts";
import { configSchema } from "../configuration.ts";

/**
 * Reads the certificate and key of the server, which belong together; null where the configuration has none. Throws
 * `storage_failed` or `permission_missing`.
 */
export async function readTls({ tls }: Config): Promise<CertificatePair | null> {
  return tls === undefined ? null : await readCertificatePair(tls, "tls");
}

/** Returns a warning about a server certificate that is valid for a short time only, or not at all; null otherwise. */
export function tlsWarning({ tls }: Config, pair: CertificatePair | null, now = Date.now()): string | null {
  const warning = pair && validityWarning(pair.cert, now);
  return warning && `The certificate "${tls?.cert}" ${warning}. Clients refuse it then, and the log does not show that`;
}

/**
 * Opens all files that are read later, at the first request or when they change. Throws `storage_failed` or
 * `permission_missing`, with a line for each file that cannot be used.
 */
export async function checkInputFiles(config: Config): Promise<void> {
  await throwTogether([() => readTls(config), ...inputFileChecks(config)]);
}

/** Runs all actions, then throws their VaultErrors as one, with a line for each. */
export async function throwTogether(actions: readonly (() => unknown)[]): Promise<void> {
  const failures: VaultError[] = [];
  for (const action of actions) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  const lines = new Set(failures.map(({ message }) => message));
  throw new VaultError(first.code, [...lines].join("\n"), { cause: first });
}

function inputFileChecks(config: Config): (() => unknown)[] {
  const online = config.backends.filter((backend) => isOnline(backend, config));
  const secretFiles = online.flatMap((backend) => secretFilesOf(backend, configSchema));
  const certificates = online.flatMap((backend) => clientCertificatesOf(backend, configSchema));
  return [
    ...authorityFiles(config).map(({ path, key }) => () => readPem(path, { key, marker: "CERTIFICATE" })),
    ...secretFiles.map((path) => () => readSecret(path)),
    ...certificates.map((paths) => () => readCertificatePair(paths, "client_certificate")),
  ];
}

function authorityFiles(config: Config): { path: string; key: string }[] {
  const backends = config.backends.map((backend) => ({
    key: `ca of backend "${backend.name}"`,
    ca: authoritiesOf(backend, configSchema),
  }));
  return [{ key: "ca", ca: config.ca }, ...backends].flatMap(({ key, ca = [] }) => ca.map((path) => ({ path, key })));
}
