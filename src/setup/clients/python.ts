import type { ClientSetup, VaultAddress } from "../client_setup.ts";
import type { LineValue } from "../edit/line_values.ts";

const packages = {
  backend: "pypi",
  types: ["pypi"],
  probe: ({ prefix }: VaultAddress) => `${prefix}/simple/pip/`,
} as const;

function indexOf({ url, prefix }: VaultAddress): string {
  return `${url}${prefix}/simple`;
}

export const pip: ClientSetup = {
  ...packages,
  name: "pip",
  title: "pip and pipx: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/pip.conf" : "~config/pip/pip.conf",
    edit: { kind: "values", format: "ini", values: pipValues(vault) },
  }],
  programs: ["pip", "pip3", "pipx"],
};

function pipValues(vault: VaultAddress): LineValue[] {
  const trusted = { key: "trusted-host", line: `trusted-host = ${vault.host}` };
  const index = { key: "index-url", line: `index-url = ${indexOf(vault)}` };
  return [...vault.isPlain ? [trusted] : [], index].map((value) => ({ section: "global", ...value }));
}

export const uv: ClientSetup = {
  ...packages,
  name: "uv",
  title: "uv: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/uv/uv.toml" : "~config/uv/uv.toml",
    edit: { kind: "tables", text: `[[index]]\nurl = "${indexOf(vault)}"\ndefault = true\n` },
  }],
  note: "URLs are in uv.lock: run uv lock after the change",
  programs: ["uv"],
};

export const poetry: ClientSetup = {
  ...packages,
  name: "poetry",
  title: "poetry: Python packages of the project in the working directory",
  scopes: ["user"],
  files: (vault) => [{
    path: "./pyproject.toml",
    edit: {
      kind: "tables",
      text: `[[tool.poetry.source]]\nname = "vault"\nurl = "${indexOf(vault)}/"\npriority = "primary"\n`,
    },
  }],
  note: "URLs are in poetry.lock: run poetry lock after the change. Poetry before 1.5 knows no priority: there, set " +
    "default = true instead",
  programs: ["poetry"],
};

export const pdm: ClientSetup = {
  ...packages,
  name: "pdm",
  title: "pdm: Python packages",
  scopes: ["user", "system"],
  files: (vault, scope) => [{
    path: scope === "system" ? "/etc/xdg/pdm/config.toml" : "~config/pdm/config.toml",
    edit: {
      kind: "values",
      format: "toml",
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
  title: "conda and mamba: packages of conda-forge, by an http backend for https://conda.anaconda.org",
  backend: "conda",
  types: ["http"],
  probe: ({ prefix }) => `${prefix}/conda-forge/noarch/repodata.json`,
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
