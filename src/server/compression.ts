const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);

/**
 * Deno before 2.9 compresses what a client takes compressed, and changes the bytes and the ETag with it
 * (denoland/deno#35486).
 */
export const serverCompresses = major < 2 || (major === 2 && minor < 9);

/** Keeps such a server from it. `Vary` is what it adds to answers with a body; the others are to say the same. */
export function forbidCompression(headers: Headers): void {
  headers.set("cache-control", joined(headers.get("cache-control"), "no-transform"));
  headers.set("vary", joined(headers.get("vary"), "Accept-Encoding"));
}

function joined(list: string | null, member: string): string {
  return list === null ? member : `${list}, ${member}`;
}
