import { X509Certificate } from "node:crypto";

/** A certificate that expires within so many days should have been renewed by now; renewal takes place at 30 as a rule. */
const soonDays = 14;
const dayMs = 24 * 3600_000;

/** The version of the first certificate in a PEM text (RFC 5280 §4.1.2.1): 1, 2 or 3; null where there is none. */
export function certificateVersion(pem: string): number | null {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem)?.[1]?.replace(/\s/g, "");
  if (!base64) return null;
  const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const certificate = contentOf(der, 0);
  const signed = contentOf(der, certificate);
  const explicitVersion = 0xa0;
  return der[signed] === explicitVersion ? der[signed + 4]! + 1 : 1;
}

/** What is to be said of a certificate that has expired, expires soon or is not valid yet; null where all is well. */
export function validityWarning(pem: string, now: number): string | null {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= to) return `expired on ${dateOf(to)}`;
  if (now < from) return `is not valid before ${dateOf(from)}`;
  return to - now < soonDays * dayMs ? `expires on ${dateOf(to)}` : null;
}

/** Where the content of the element of DER begins that begins at `at`. */
function contentOf(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length & 0x80 ? length & 0x7f : 0);
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
