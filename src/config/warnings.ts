import { type BackendConfig, type Config, isOci, type OciBackendConfig } from "./schema.ts";

/** What is allowed in a configuration but hardly meant: one sentence each. */
export function warningsOf({ backends }: Config): string[] {
  return [...backends.filter(isOci).flatMap(openSecrets), ...shadows(backends)];
}

function openSecrets({ name, config }: OciBackendConfig): string[] {
  const exposed = config.repositories.filter(({ username, token, insecure }) =>
    (username !== undefined || token !== undefined) && !insecure
  );
  return exposed.flatMap(({ registry_url, auth_url }) => {
    const remedy = registry_url.startsWith("https:") ? "" : ", or insecure: true if that is meant";
    const urls = [registry_url, auth_url ?? registry_url].filter(isPlainHttpElsewhere);
    return [...new Set(urls)].map((url) =>
      `Backend "${name}" sends its credentials for ${url} unencrypted; write https://${remedy}`
    );
  });
}

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isLoopback = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === "http:" && !isLoopback;
}

/** What docker clients ask for at the root, and do not get there. */
function shadows(backends: readonly BackendConfig[]): string[] {
  if (!backends.some(isOci)) return [];
  return backends.flatMap((backend) => {
    const { name, config: { prefix } } = backend;
    const shadow = `"${prefix}" of backend "${name}"`;
    if (prefix === "/v2" && !isOci(backend)) return [`No images are served at the root, since /v2 is ${shadow}`];
    if (!prefix.startsWith("/v2/")) return [];
    return [`Images whose names begin with "${prefix.slice(4)}" are not served at the root, since ${shadow} is there`];
  });
}
