import type { ClientSetup, FileChange, VaultAddress } from "../client_setup.ts";

const debian = {
  backend: null,
  types: ["apt"],
  scopes: ["system"],
  needsRepositories: true,
  programs: ["apt-get"],
} as const;

export const apt: ClientSetup = {
  ...debian,
  name: "apt",
  title: "apt: the vault as its proxy, with sources as they are",
  files: (vault) => [{
    path: "/etc/apt/apt.conf.d/50artifact-vault",
    edit: { kind: "own", text: proxySettings(vault) },
  }],
  once: ({ url }) => `apt-get -o Acquire::http::Proxy=${url} update`,
  note:
    "It holds for sources that begin with http://, which stay signed and checked. Of the hosts that it names, the " +
    "vault has to serve all repositories; apt-sources also changes those that begin with https://",
};

/** Hosts without a backend would get 403 by the proxy; a tunnel for https would get 405. */
function proxySettings({ url, repositories = [] }: VaultAddress): string {
  const hosts = [...new Set(repositories.map((one) => new URL(one.url).hostname))];
  const scopes = hosts.length === 0 ? [""] : hosts.map((host) => `::${host}`);
  return scopes.map((scope) => `Acquire::http::Proxy${scope} "${url}";\nAcquire::https::Proxy${scope} "DIRECT";\n`)
    .join("");
}

export const aptSources: ClientSetup = {
  ...debian,
  name: "apt-sources",
  title: "apt: the vault as a mirror, in sources.list and files of deb822",
  files: (vault) =>
    ["sources.list", "sources.list.d/*.list", "sources.list.d/*.sources"].map((name) => sources(name, vault)),
  restart: "apt-get update",
  note: "Sources that the vault has no backend for stay as they are",
};

function sources(name: string, { url, repositories = [] }: VaultAddress): FileChange {
  return { path: `/etc/apt/${name}`, edit: { kind: "sources", url, repositories }, isFound: true };
}
