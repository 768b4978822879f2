import type { ClientSetup, FileChange, VaultAddress } from "../client_setup.ts";

const packages = {
  backend: "npm",
  types: ["npm"],
  scopes: ["user"],
} as const;

const npmVariables = ["npm_config_registry", "NPM_CONFIG_REGISTRY"];

function registryOf({ url, prefix }: VaultAddress): string {
  return `${url}${prefix}/`;
}

/** npm since 9 refuses these without a registry; others send them to the one that is set. */
const secrets = { keys: ["_authToken", "_auth", "_password"] };

function npmrc(vault: VaultAddress): FileChange[] {
  const value = { key: "registry", line: `registry=${registryOf(vault)}` };
  return [{ path: "~/.npmrc", edit: { kind: "values", format: "ini", values: [value], secrets } }];
}

export const npm: ClientSetup = {
  ...packages,
  name: "npm",
  variables: [...npmVariables, "npm_config_userconfig", "NPM_CONFIG_USERCONFIG"],
  title: "npm: packages of npm",
  files: npmrc,
  once: (vault) => `npm install --registry ${registryOf(vault)} PACKAGE`,
  programs: ["npm"],
};

export const pnpm: ClientSetup = {
  ...packages,
  name: "pnpm",
  variables: [...npmVariables, "pnpm_config_registry", "PNPM_CONFIG_REGISTRY"],
  title: "pnpm: packages of npm",
  files: npmrc,
  once: (vault) => `pnpm add --registry ${registryOf(vault)} PACKAGE`,
  programs: ["pnpm"],
};

export const yarn: ClientSetup = {
  ...packages,
  name: "yarn",
  variables: [...npmVariables, "yarn_registry", "YARN_REGISTRY"],
  title: "yarn 1: packages of npm",
  files: (vault) => [
    {
      path: "~/.yarnrc",
      edit: { kind: "values", format: "plain", values: [{ key: "registry", line: `registry "${registryOf(vault)}"` }] },
    },
    { path: "~/.npmrc", edit: { kind: "values", format: "ini", values: [], secrets } },
  ],
  programs: ["yarn"],
};

export const yarnBerry: ClientSetup = {
  ...packages,
  name: "yarn-berry",
  variables: ["YARN_NPM_REGISTRY_SERVER"],
  title: "yarn 2 and newer: packages of npm",
  files: (vault) => [{
    path: "~/.yarnrc.yml",
    edit: {
      kind: "values",
      format: "yaml",
      secrets: { keys: ["npmAuthToken", "npmAuthIdent"] },
      values: [
        { key: "npmRegistryServer", line: `npmRegistryServer: "${registryOf(vault).slice(0, -1)}"` },
        ...vault.isPlain
          ? [{
            ...{ key: "unsafeHttpWhitelist", adds: "refuse" } as const,
            line: `unsafeHttpWhitelist: ["${nameOf(vault)}"]`,
          }]
          : [],
      ],
    },
  }],
  programs: ["yarn"],
};

function nameOf({ url }: VaultAddress): string {
  return new URL(url).hostname;
}

export const bun: ClientSetup = {
  ...packages,
  name: "bun",
  variables: [...npmVariables, "BUN_CONFIG_REGISTRY"],
  title: "bun: packages of npm",
  files: (vault) => [{
    path: "~bun/.bunfig.toml",
    edit: {
      kind: "values",
      format: "toml",
      values: [{ section: "install", key: "registry", line: `registry = "${registryOf(vault)}"` }],
    },
  }],
  programs: ["bun"],
};

export const deno: ClientSetup = {
  ...packages,
  name: "deno",
  variables: ["NPM_CONFIG_REGISTRY"],
  title: "deno: packages of npm",
  files: npmrc,
  once: (vault) => `NPM_CONFIG_REGISTRY=${registryOf(vault)} deno run FILE`,
  note: "For JSR set JSR_URL: see docs/backends/jsr.md",
  programs: ["deno"],
};
