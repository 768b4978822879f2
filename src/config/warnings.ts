/** Upstream URLs that get the same credentials. */
export interface Destination {
  readonly urls: readonly string[];
  /** True where they are meant to be sent unencrypted; false when absent. */
  readonly isMeant?: boolean;
  /** The end of the warning: what to write instead of https. */
  readonly remedy?: string;
}

/** Returns a sentence for each URL to which a backend sends credentials unencrypted, unless it is on this machine. */
export function unencryptedWarnings(backend: string, destinations: readonly Destination[]): string[] {
  return destinations.filter(({ isMeant }) => !isMeant).flatMap(({ urls, remedy = "" }) =>
    [...new Set(urls)].filter(isPlainHttpElsewhere).map((url) =>
      `Backend "${backend}" sends its credentials for ${url} unencrypted; write https://${remedy}`
    )
  );
}

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isLoopback = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === "http:" && !isLoopback;
}
