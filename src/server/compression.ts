const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);

/**
 * True where the server compresses responses for clients that accept that, and so changes their bytes and ETags: Deno
 * before 2.9 (denoland/deno#35486).
 */
export const serverCompresses = major < 2 || (major === 2 && minor < 9);

/** Keeps such a server from compressing a response. `Vary` is added to all, since it adds that to those with a body. */
export function forbidCompression(headers: Headers): void {
  headers.set("cache-control", joined(headers.get("cache-control"), "no-transform"));
  headers.set("vary", joined(headers.get("vary"), "Accept-Encoding"));
}

function joined(list: string | null, member: string): string {
  return list === null ? member : `${list}, ${member}`;
}
