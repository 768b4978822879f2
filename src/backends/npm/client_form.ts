import { parseAccept, preferenceFor } from "../../http/accept.ts";

/** The abbreviated form of the document about a package. */
export const abbreviatedType = "application/vnd.npm.install-v1+json";

/** The form that a client asks for: the abbreviated one only where it names that. */
export function formOf(accept: string | null): "full" | "abbreviated" {
  const ranges = parseAccept(accept);
  const abbreviated = preferenceFor(abbreviatedType, ranges);
  const full = preferenceFor("application/json", ranges);
  const isNamed = abbreviated.precision === 2 && abbreviated.quality > 0;
  return isNamed && abbreviated.quality >= full.quality ? "abbreviated" : "full";
}

/** True for a client that takes bodies packed with gzip (RFC 9110 §12.5.3). */
export function takesGzip(acceptEncoding: string | null): boolean {
  const codings = (acceptEncoding ?? "").toLowerCase().split(",").map((coding) => coding.trim());
  const named = codings.find((coding) => /^(?:x-)?gzip\s*(?:;|$)/.test(coding)) ??
    codings.find((coding) => /^\*\s*(?:;|$)/.test(coding));
  return named !== undefined && !/;\s*q\s*=\s*0(?:\.0*)?\s*$/.test(named);
}

/**
 * True for a client that fetches tarballs of the public registry from the one that it is configured with, and keeps the
 * public URL in its lock file: npm and Deno. pnpm names npm in its `User-Agent`, too, but not first.
 */
export function swapsRegistry(userAgent: string | null): boolean {
  return /^(?:npm|Deno)\//.test(userAgent ?? "");
}
