const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);

/** Deno before 2.9 compresses what a client takes compressed, and with it changes the bytes and the ETag (denoland/deno#35486). */
export const serverCompresses = major < 2 || (major === 2 && minor < 9);

/** Keeps such a server from it. */
export function forbidCompression(headers: Headers): void {
  headers.append("cache-control", "no-transform");
}
