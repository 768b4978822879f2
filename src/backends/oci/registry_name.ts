const hubNames: ReadonlySet<string> = new Set([
  "registry-1.docker.io",
  "docker.io",
  "index.docker.io",
  "registry.hub.docker.com",
]);

/** All names of Docker Hub. */
export const allHubNames: readonly string[] = [...hubNames];

/** The one spelling of a registry's name: without the port that https has anyway, and the dot of a full name. */
export function canonicalName(name: string): string {
  return URL.parse(`https://${name.toLowerCase()}`)?.host.replace(/\.(?=:|$)/, "") ?? name;
}

/** Says whether clients mean Docker Hub by this name. */
export function isHubName(name: string): boolean {
  return hubNames.has(name);
}

/** A canonical name, or `docker.io` for all that Docker Hub has. */
export function plainName(canonical: string): string {
  return isHubName(canonical) ? "docker.io" : canonical;
}

/** Says whether a registry is named by a host with a domain: not by an address, nor by a name of the local network. */
export function isDomainName(name: string): boolean {
  return /^(?:[a-z0-9_-]+\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]+(?::\d+)?$/.test(name);
}
