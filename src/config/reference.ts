import { describeConfig, type KeyDescription } from "./describe.ts";
import type { ConfigSchema } from "./schema.ts";

const introduction = `# Configuration

<!-- Generated from src/config/schema.ts and src/backends/*/schema.ts: deno run --allow-write=docs tests/config/write_reference.ts -->

A YAML file, given with \`--config\`; without it, \`config.yml\` in the working directory, or else a built-in one for
Docker Hub, ghcr.io, quay.io, PyPI, npm, JSR, Debian, Ubuntu, the Hugging Face Hub and some download
sites. \`artifact-vault check --config config.yml\` prints it as it is understood, or all that is wrong with it.
[config-sample.yml](../config-sample.yml) is a commented example.

- Durations: \`30\` (seconds), \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`7d\`, \`2w\`; \`forever\` where it is allowed.
- Sizes: \`1048576\` (bytes), \`512MB\` (decimal), \`100GiB\` (binary).
- \`\${NAME}\` and \`\${NAME:-default}\` in a value stand for an environment variable; the default is for one that is not
  set or empty. \`$\${\` is a literal \`\${\`. In a flow mapping (\`{…}\`) they need quotes. A \`$\` without a brace stands for itself;
  where it looks like a variable (\`$TOKEN\`), the start warns of it.
- A key without a value, or whose variable is empty, counts as not given. So does a login (\`username\`, \`password\`,
  \`token\`) of which no variable is set; the start warns of it. A \`username\` needs a password; one that is empty is written
  \`password: ""\`.
- A secret that changes while the vault runs has to stand in a file (\`password_file\`, \`token_file\`): the environment of
  a process stays what it was at its start ([Secrets](running.md#secrets)).
- \`cache\` at the top level, which the original tool's APT page has and that tool did not read, is left out, with a
  warning.
- Relative paths start at the working directory.
- \`--host\`, \`--port\`, \`--cache-dir\`, \`--log-level\`, \`--log-file\` and \`--offline\` take the place of what the file says.
`;

/** Returns the text of `docs/configuration.md`. */
export function configurationReference(schema: ConfigSchema): string {
  const rows = describeConfig(schema);
  const isBackend = (row: KeyDescription) => row.key.startsWith("backends[]");
  const sections = [
    section("Global keys", rows.filter((row) => !isBackend(row))),
    section("Every entry of `backends`", rows.filter((row) => isBackend(row) && row.backend === undefined)),
    ...ownSections(rows),
  ];
  return [introduction, ...sections].join("\n");
}

function ownSections(rows: readonly KeyDescription[]): string[] {
  const backends = new Set(rows.flatMap(({ backend }) => backend ?? []));
  return [...backends].map((backend) => {
    const title = `Backends of type ${backend.replace(/\w+/g, (word) => word === "or" ? word : `\`${word}\``)}`;
    return section(title, rows.filter((row) => row.backend === backend));
  });
}

function section(title: string, rows: readonly KeyDescription[]): string {
  const lines = rows.map((row) => {
    const initial = row.required ? "required" : row.default === null ? "" : `\`${row.default}\``;
    return `| \`${row.key.replace("backends[].", "")}\` | ${row.type} | ${initial} | ${row.description} |`;
  });
  return [`## ${title}`, "", "| key | type | default | |", "|---|---|---|---|", ...lines, ""].join("\n");
}
