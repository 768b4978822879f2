import { X509Certificate } from "node:crypto";

/** Days before its end at which a certificate should have been renewed; renewal usually happens at 30. */
const soonDays = 14;
const dayMs = 24 * 3600_000;

/** Returns each certificate of a PEM text, such as a chain, as a text of its own. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

/**
 * Returns the version of the first certificate in a PEM text (RFC 5280 §4.1.2.1): 1, 2 or 3; null where there is no
 * certificate.
 */
export function certificateVersion(pem: string): number | null {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem)?.[1]?.replace(/\s/g, "");
  if (!base64) return null;
  const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const certificate = contentOf(der, 0);
  const signed = contentOf(der, certificate);
  const explicitVersion = 0xa0;
  return der[signed] === explicitVersion ? der[signed + 4]! + 1 : 1;
}

/** Returns a warning about a certificate that has expired, expires soon or is not valid yet; null for any other. */
export function validityWarning(pem: string, now: number): string | null {
  const { validFrom, validTo } = firstOf(pem);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= to) return `expired on ${dateOf(to)}`;
  if (now < from) return `is not valid before ${dateOf(from)}`;
  return to - now < soonDays * dayMs ? `expires on ${dateOf(to)}` : null;
}

/** Returns the time at which the first certificate in a PEM text ends, in ms since the epoch. */
export function endOf(pem: string): number {
  return Date.parse(firstOf(pem).validTo);
}

/** Returns the names and addresses that a certificate is for (RFC 5280 §4.2.1.6); none where it names none. */
export function hostNamesOf(pem: string): string[] {
  const { subjectAltName = "" } = firstOf(pem);
  return (subjectAltName ?? "").split(", ").flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1] ?? []);
}

/** A file may have more, such as a key before it. */
function firstOf(pem: string): X509Certificate {
  return new X509Certificate(certificatesIn(pem)[0] ?? pem);
}

/** Returns the offset of the content of the DER element that begins at `at`. */
function contentOf(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length & 0x80 ? length & 0x7f : 0);
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
