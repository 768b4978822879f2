/** Says whether a server with this `http_host` can be reached by its own machine only. */
export function isLoopback(host: string): boolean {
  return /^(?:127\.|localhost$|::1$)/.test(host);
}
