import { glob, Invalid, textMatching, value } from "../../config/value_types.ts";
import { readUpstreamUrl } from "../../config/urls.ts";

/** A host name whose labels may be stars, except for the last. That one is no number, which excludes addresses. */
const hosts = /^(?:(?:\*|[a-z0-9_-]+)\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]+(?::\d{1,5})?$/;

/** One of a few words, or a pattern of registries' hosts: `quay.io`, `*.gcr.io`, in lower case. */
export function registryPattern(...words: readonly string[]) {
  return value<string>({
    type: `${words.join(", ")} or host`,
    a: "a known word or the host of a registry",
    hint: `write ${words.join(", ")}, quay.io or *.gcr.io, where a star is one whole label`,
    read(input) {
      const text = typeof input === "string" ? input.toLowerCase() : "";
      return words.includes(text) || hosts.test(text) ? text : new Invalid();
    },
  });
}

/** A glob of image names. */
export const imagePattern = glob(/^[^\s/:@][^\s:@]*$/, {
  a: "an image pattern",
  hint: 'write for example "library/*" or "myorg/**", without a tag',
});

/** A platform such as `linux/arm64`, or a word for none or all of them. */
export const platform = textMatching(/^(?:none|all_platforms|[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?)$/, {
  type: "none, all_platforms or platform",
  a: "a known word or a platform",
  hint: "write none, all_platforms, linux/amd64 or linux/arm/v7",
});

/** The host of a registry, in lower case. */
export const registryName = value<string>({
  type: "host",
  a: "the name of a registry",
  hint: "write docker.io or registry.lan:5000",
  read(input) {
    const isName = typeof input === "string" && /^(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(input);
    return isName ? input.toLowerCase() : new Invalid();
  },
});

const registryHint = "write https://host or host:port";

/**
 * A registry's base URL, or only `host:port/path`, which is read as `//host:port/path`; `insecure` then decides on the
 * scheme. All names of Docker Hub are read as the one that answers pulls.
 */
export function registryUrl() {
  return value<string>({
    type: "URL or host",
    a: "a URL",
    hint: registryHint,
    role: "upstream",
    read: readRegistryUrl,
  });
}

function readRegistryUrl(input: unknown): string | Invalid {
  const hasScheme = typeof input !== "string" || input.includes("://");
  const read = readUpstreamUrl(hasScheme ? input : `https://${input.trim()}`, registryHint);
  if (read instanceof Invalid) return read;
  const url = new URL(read);
  if (isDockerHub(url)) return hasScheme ? `${url.protocol}//${hubHost}` : `//${hubHost}`;
  if (/\/v1$/.test(url.pathname)) {
    const right = read.replace(/\/v1$/, "");
    return new Invalid(`"${read}" is the address of an API that registries have no longer; write ${right}`);
  }
  return hasScheme ? read : `//${input.trim().replace(/\/+$/, "")}`;
}

const hubHost = "registry-1.docker.io";
const hubSpellings: ReadonlySet<string> = new Set([
  hubHost,
  "docker.io",
  "index.docker.io",
  "registry.docker.io",
  "registry.hub.docker.com",
  "hub.docker.com",
]);

/** True for any name of Docker Hub, with or without the version of its API. */
function isDockerHub({ hostname, port, pathname }: URL): boolean {
  return hubSpellings.has(hostname) && port === "" && /^\/(?:v[12])?$/.test(pathname);
}
