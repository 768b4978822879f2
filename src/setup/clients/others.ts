import type { ClientSetup, VaultAddress } from "../client_setup.ts";

export const huggingface: ClientSetup = {
  name: "huggingface",
  title: "huggingface_hub, transformers, datasets: models and datasets",
  backend: "huggingface",
  types: ["huggingface"],
  scopes: ["user", "system"],
  files(vault, scope) {
    const line = `export HF_ENDPOINT=${placeOf(vault)}`;
    return [
      scope === "system"
        ? { path: "/etc/profile.d/artifact-vault-huggingface.sh", edit: { kind: "own", text: `${line}\n` } }
        : { path: "~/.profile", edit: { kind: "values", format: "plain", values: [{ key: "HF_ENDPOINT", line }] } },
    ];
  },
  once: (vault) => `HF_ENDPOINT=${placeOf(vault)} hf download OWNER/NAME`,
  restart: "log in again, or run the export line in the shell that is open",
  note:
    "Shells that do not read the file, such as zsh, and bash where there is a ~/.bash_profile, need the line in their own " +
    "file. A token of the Hub that the client has goes to the vault with each request: docs/backends/huggingface.md",
  programs: ["hf", "huggingface-cli"],
};

export const maven: ClientSetup = {
  name: "maven",
  title: "Maven: artifacts of Maven Central, by an http backend for it",
  backend: "maven",
  types: ["http"],
  scopes: ["user"],
  files: (vault) => [{
    path: "~/.m2/settings.xml",
    edit: { kind: "xml", root: "settings", list: "mirrors", text: mirrorElement(vault) },
  }],
  programs: ["mvn"],
};

function mirrorElement(vault: VaultAddress): string {
  const content = `<id>artifact-vault</id><mirrorOf>central</mirrorOf><url>${placeOf(vault)}</url>`;
  return `    <mirror>${content}</mirror>`;
}

export const gradle: ClientSetup = {
  name: "gradle",
  title: "Gradle: artifacts of Maven Central, by an http backend for it",
  backend: "maven",
  types: ["http"],
  scopes: ["user"],
  files: (
    vault,
  ) => [{ path: "~gradle/init.d/artifact-vault.gradle", edit: { kind: "own", text: initScript(vault) } }],
  programs: ["gradle"],
};

/** For Gradle since 4: what newer versions have is asked for first. */
function initScript(vault: VaultAddress): string {
  const isCentral = "repository instanceof MavenArtifactRepository && " +
    "repository.url?.host in ['repo.maven.apache.org', 'repo1.maven.org']";
  return [
    "def throughVault = { repositories ->",
    "  repositories.all { repository ->",
    `    if (${isCentral}) {`,
    `      repository.url = '${placeOf(vault)}'`,
    ...vault.isPlain
      ? ["      if (repository.hasProperty('allowInsecureProtocol')) repository.allowInsecureProtocol = true"]
      : [],
    "    }",
    "  }",
    "}",
    "settingsEvaluated { settings ->",
    "  throughVault(settings.pluginManagement.repositories)",
    "  if (settings.hasProperty('dependencyResolutionManagement')) {",
    "    throughVault(settings.dependencyResolutionManagement.repositories)",
    "  }",
    "}",
    "allprojects {",
    "  throughVault(buildscript.repositories)",
    "  throughVault(repositories)",
    "}",
    "",
  ].join("\n");
}

export const go: ClientSetup = {
  name: "go",
  variables: ["GOPROXY", "GOENV"],
  title: "go: modules, by an http backend for https://proxy.golang.org",
  backend: "go",
  types: ["http"],
  scopes: ["user"],
  files: (vault) => [{
    path: "~config/go/env",
    edit: { kind: "values", format: "plain", values: [{ key: "GOPROXY", line: `GOPROXY=${placeOf(vault)}` }] },
  }],
  once: (vault) => `GOPROXY=${placeOf(vault)} go mod download`,
  note: "Checksums are still asked of sum.golang.org",
  programs: ["go"],
};

export const cargo: ClientSetup = {
  name: "cargo",
  title: "cargo: the index of crates.io, by an http backend for https://index.crates.io",
  backend: "crates",
  types: ["http"],
  scopes: ["user"],
  files: (vault) => [{
    path: "~cargo/config.toml",
    shadowedBy: "~cargo/config",
    edit: {
      kind: "tables",
      key: "source",
      text: `[source.crates-io]\nreplace-with = "vault"\n\n[source.vault]\nregistry = "sparse+${placeOf(vault)}/"\n`,
    },
  }],
  note: "Crates themselves come from where config.json of the index says",
  programs: ["cargo"],
};

function placeOf({ url, prefix }: VaultAddress): string {
  return `${url}${prefix}`;
}
