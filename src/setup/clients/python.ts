import type { ClientSetup, FileChange, VaultAddress } from "../client_setup.ts";
import type { LineValue } from "../edit/line_values.ts";

const packages = {
  backend: "pypi",
  types: ["pypi"],
} as const;

function indexOf({ url, prefix }: VaultAddress): string {
  return `${url}${prefix}/simple`;
}

export const pip: ClientSetup = {
  ...packages,
  name: "pip",
  variables: ["PIP_INDEX_URL", "PIP_CONFIG_FILE"],
  title: "pip and pipx: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/pip.conf" : "~config/pip/pip.conf",
    edit: { kind: "values", format: "ini", values: pipValues(vault) },
  }],
  once: (vault) => `pip install --index-url ${indexOf(vault)} PROJECT`,
  programs: ["pip", "pip3", "pipx"],
};

function pipValues(vault: VaultAddress): LineValue[] {
  const { host } = vault;
  const trusted = { key: "trusted-host", line: `trusted-host = ${host}`, adds: { item: host } };
  const index = { key: "index-url", line: `index-url = ${indexOf(vault)}` };
  const commands = ["install", "download", "wheel", "lock"];
  return [...vault.isPlain ? [trusted] : [], index].map((value) => ({
    ...{ section: "global", isLoose: true, outrankedIn: commands },
    ...value,
  }));
}

export const uv: ClientSetup = {
  ...packages,
  name: "uv",
  variables: ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE", "UV_NO_CONFIG"],
  title: "uv: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/uv/uv.toml" : "~config/uv/uv.toml",
    edit: {
      kind: "tables",
      key: "index",
      text: `[[index]]\nurl = "${indexOf(vault)}"\ndefault = true\n`,
      refusalOf: otherDefault,
    },
  }],
  once: (vault) => `uv pip install --default-index ${indexOf(vault)} PROJECT`,
  note: "URLs are in uv.lock: run uv lock after the change",
  programs: ["uv"],
};

/** uv takes one default index alone. */
function otherDefault(settings: Readonly<Record<string, unknown>>): string | null {
  if (settings["index-url"] !== undefined) return "It has an index-url; remove it";
  const indexes = Array.isArray(settings.index) ? settings.index as { readonly default?: unknown }[] : [];
  return indexes.some((index) => index.default === true) ? "It has a default index already; remove that one" : null;
}

const ofProject = {
  ...packages,
  scopes: ["user"],
  note: "URLs are in poetry.lock: run poetry lock after the change",
  programs: ["poetry"],
} as const;

export const poetry: ClientSetup = {
  ...ofProject,
  name: "poetry",
  title: "poetry 2 and newer: Python packages of the project in the working directory",
  files: (vault) => poetrySource(vault, 'priority = "primary"'),
};

/** Poetry before 1.5 refuses a priority, and from 1.5 to 1.8 asks PyPI besides a primary source. */
export const poetryOne: ClientSetup = {
  ...ofProject,
  name: "poetry-1",
  title: "poetry 1: Python packages of the project in the working directory",
  files: (vault) => poetrySource(vault, "default = true"),
};

function poetrySource(vault: VaultAddress, rank: string): FileChange[] {
  return [{
    path: "./pyproject.toml",
    edit: {
      kind: "tables",
      key: "source",
      isOfProject: true,
      refusalOf: otherPyPI,
      text: `[[tool.poetry.source]]\nname = "vault"\nurl = "${indexOf(vault)}/"\n${rank}\n`,
    },
  }];
}

/** Poetry goes on asking PyPI where it is a source by its name, and takes no two sources of one name. */
function otherPyPI({ tool }: Readonly<Record<string, unknown>>): string | null {
  const { source } = (tool as { poetry?: { source?: unknown } } | undefined)?.poetry ?? {};
  const sources = Array.isArray(source) ? source as { readonly name?: unknown }[] : [];
  const taken = sources.find(({ name }) => /^(?:pypi|vault)$/i.test(String(name)));
  return taken === undefined ? null : `It has a source with the name ${taken.name} already; remove that one`;
}

export const pdm: ClientSetup = {
  ...packages,
  name: "pdm",
  variables: ["PDM_PYPI_URL", "PDM_CONFIG_FILE"],
  title: "pdm: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/xdg/pdm/config.toml" : "~config/pdm/config.toml",
    edit: {
      kind: "values",
      format: "toml",
      secrets: { section: "pypi", keys: ["username", "password"] },
      values: [
        ...vault.isPlain ? [{ section: "pypi", key: "verify_ssl", line: "verify_ssl = false" }] : [],
        { section: "pypi", key: "url", line: `url = "${indexOf(vault)}"` },
      ],
    },
  }],
  programs: ["pdm"],
};

export const conda: ClientSetup = {
  name: "conda",
  variables: ["CONDA_CHANNEL_ALIAS", "CONDARC"],
  title: "conda and mamba: packages of conda-forge, by an http backend for https://conda.anaconda.org",
  backend: "conda",
  types: ["http"],
  scopes: ["user", "system"],
  files: ({ url, prefix }, scope) => [{
    path: scope === "system" ? "/etc/conda/.condarc" : "~/.condarc",
    edit: {
      kind: "values",
      format: "yaml",
      values: [{ key: "channel_alias", line: `channel_alias: ${url}${prefix}` }],
    },
  }],
  note: "It holds for channels by name, such as conda-forge, and not for defaults",
  programs: ["conda", "mamba", "micromamba"],
};
