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

/** Whether clients mean Docker Hub by this name. */
export function isHubName(name: string): boolean {
  return hubNames.has(name);
}
