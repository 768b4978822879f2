import { createUpstreamClient, type UpstreamClient, type UpstreamOptions } from "../../src/upstream/client.ts";

/** A client of the upstream at this origin, without credentials, that tries three times more, at once. */
export function createTestClient(
  origin: string,
  options: Partial<UpstreamOptions> = {},
): UpstreamClient & Disposable {
  const client = createUpstreamClient({
    timeoutMs: 10_000,
    retries: 3,
    userAgent: "artifact-vault/test",
    credentials: { kind: "none" },
    headers: [],
    origins: [origin],
    allowPrivateRedirects: false,
    random: () => 0,
    ...options,
  });
  return { ...client, [Symbol.dispose]: () => client.close() };
}
