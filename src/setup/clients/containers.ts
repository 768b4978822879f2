import type { ClientSetup, VaultAddress } from "../client_setup.ts";

const images = { backend: null, types: ["dockerhub", "oci"] } as const;
const pulling = `capabilities = ["pull", "resolve"]`;

export const docker: ClientSetup = {
  ...images,
  name: "docker",
  title: "Docker Engine: images of Docker Hub",
  scopes: ["system"],
  files: ({ url }) => [{ path: "/etc/docker/daemon.json", edit: { kind: "json", key: "registry-mirrors", item: url } }],
  once: ({ host }) => `docker pull ${host}/NAME`,
  restart: "systemctl restart docker",
  note:
    "Other registries by name: docker pull HOST/quay.io/NAME, with HOST the vault's. Over plain http, other than at " +
    '127.0.0.1, that also needs "insecure-registries": ["HOST"] in the file',
  programs: ["dockerd", "docker"],
};

export const containerd: ClientSetup = {
  ...images,
  name: "containerd",
  title: "containerd, also below Kubernetes: images of all registries",
  scopes: ["system"],
  files: ({ url }) => [{
    path: "/etc/containerd/certs.d/_default/hosts.toml",
    edit: { kind: "own", text: `[host."${url}"]\n  ${pulling}\n` },
  }],
  note: '/etc/containerd/config.toml needs config_path = "/etc/containerd/certs.d" in its registry section, and a ' +
    "restart after that; ctr reads it with --hosts-dir /etc/containerd/certs.d. A registry with a folder of its own there " +
    "does not go by it",
  programs: ["containerd"],
};

/** podman, buildah, skopeo and CRI-O read the same files. */
export const podman: ClientSetup = {
  ...images,
  name: "podman",
  title: "podman, buildah, skopeo, CRI-O: images of Docker Hub",
  scopes: ["system", "user"],
  files: (vault, scope) => [{
    // They look below ~/.config, whatever XDG_CONFIG_HOME says (podman issue 15475).
    path: `${scope === "system" ? "/etc" : "~/.config"}/containers/registries.conf.d/50-artifact-vault.conf`,
    edit: { kind: "own", text: registriesConf(vault) },
  }],
  once: ({ host, isPlain }) => `podman pull${isPlain ? " --tls-verify=false" : ""} ${host}/docker.io/library/NAME`,
  /** Version 4 then fails for each image, also for those that it would get elsewhere. */
  refusalOf: ({ host }) => host.startsWith("[") ? "podman needs a name for the vault, or an address of IPv4" : null,
  note: "CRI-O has to be restarted; podman, buildah and skopeo read the file every time",
  programs: ["podman", "buildah", "skopeo", "crio"],
};

function registriesConf({ host, isPlain }: VaultAddress): string {
  return [
    "[[registry]]",
    'prefix = "docker.io"',
    'location = "docker.io"',
    "",
    "[[registry.mirror]]",
    `location = "${host}/docker.io"`,
    ...isPlain ? ["insecure = true"] : [],
    "",
  ].join("\n");
}

export const k3s = kubernetes("k3s", "k3s", "systemctl restart k3s (k3s-agent on agents)");
export const rke2 = kubernetes("rke2", "RKE2", "systemctl restart rke2-server (rke2-agent on agents)");

function kubernetes(name: string, title: string, restart: string): ClientSetup {
  return {
    ...images,
    ...{ name, title: `${title}: images of all registries`, scopes: ["system"], restart, programs: [name] },
    files: ({ url }) => [{
      path: `/etc/rancher/${name}/registries.yaml`,
      edit: {
        kind: "yaml",
        entries: ["docker.io", "*"].map((registry) => ({ path: ["mirrors", registry, "endpoint"], item: url })),
      },
    }],
  };
}

export const buildkit: ClientSetup = {
  ...images,
  name: "buildkit",
  title: "BuildKit: images of Docker Hub in builds",
  scopes: ["system", "user"],
  files: ({ host, isPlain }, scope) => [{
    path: scope === "system" ? "/etc/buildkit/buildkitd.toml" : "~config/buildkit/buildkitd.toml",
    edit: {
      kind: "tables",
      key: "registry",
      text: `[registry."docker.io"]\n  mirrors = ["${host}"]\n` +
        (isPlain ? `\n[registry."${host}"]\n  http = true\n` : ""),
    },
  }],
  restart: "systemctl restart buildkit, or make the builder again with docker buildx create --buildkitd-config FILE",
  programs: ["buildkitd", "buildctl"],
};
