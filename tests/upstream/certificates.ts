function read(name: string): string {
  return Deno.readTextFileSync(new URL(`../support/tls/${name}`, import.meta.url));
}

/** A certificate for `localhost` and the authority it is from, as PEM texts; valid until 2120 and trusted by nobody. */
export const testCertificates = {
  ca: read("ca.pem"),
  localhost: { cert: read("localhost.pem"), key: read("localhost.key") },
} as const;
