import { join } from "node:path";
import type { ClientSetup, FileChange, Scope } from "../../src/setup/client_setup.ts";
import { clients } from "../../src/setup/clients.ts";
import { isOnlyRead } from "../../src/setup/edit/edit.ts";
import { userFolders } from "../../src/setup/user_folders.ts";
import { textOf } from "../../src/setup/script/compose.ts";

export const referenceFile = new URL("../../docs/clients.md", import.meta.url);

const host = "vault.example.com:8080";
const url = `http://${host}`;

/** `docs/clients.md`: what setup writes for each client, in Markdown, made of the data of setup. */
export function clientReference(): string {
  return [
    "# What clients get",
    "What [`setup`](setup.md) writes for each client, by the command or by the script, made of its data by " +
    "`tests/setup/write_reference.ts`. Where a file has settings already, these are put among them. The prefixes are " +
    "those of backends with the usual names.",
    ...clients.map(sectionOf),
  ].join("\n\n") + "\n";
}

function sectionOf(client: ClientSetup): string {
  const { name, title, types, backend, scopes, restart, note, variables = [] } = client;
  const named = types[0] === "http" ? `, with the name \`${backend}\` or the prefix \`/${backend}\`` : "";
  const [first] = client.files(vaultOf(client), scopes[0]);
  return [
    `## ${name}`,
    `${title}. It needs a backend of type ${types.map((type) => `\`${type}\``).join(" or ")}${named}.`,
    ...scopes.flatMap((scope) => writtenFiles(client, scope).map((file) => `- ${fileLine(file, scope)}`)),
    ...first!.edit.kind === "sources"
      ? ["Addresses of repositories that the vault serves become the vault's."]
      : [`\`\`\`\n${textOf(first!.edit).trimEnd()}\n\`\`\``],
    ...restart === undefined ? [] : [`Then: ${restart}.`],
    ...variables.length === 0 ? [] : [
      `In the environment, ${variables.map((one) => `\`${one}\``).join(", ")} come${
        variables.length === 1 ? "s" : ""
      } first.`,
    ],
    ...note === undefined ? [] : [`${note}.`],
  ].join("\n\n").replaceAll(/(^- .*)\n(?=\n- )/gm, "$1");
}

function writtenFiles(client: ClientSetup, scope: Scope): FileChange[] {
  return client.files(vaultOf(client), scope).filter(({ edit }) => !isOnlyRead(edit));
}

function fileLine({ path }: FileChange, scope: Scope): string {
  const place = path.replace(/^\.\//, "").replace(/^~(\w+)/, (_, name) => join("~", userFolders[name]!.usual));
  return `\`${place}\` (\`--${scope}\`)`;
}

function vaultOf({ backend, needsRepositories }: ClientSetup) {
  const address = { url, host, isPlain: true, prefix: backend === null ? "" : `/${backend}` };
  const repositories = [{ url: "http://deb.debian.org/debian", prefix: "/debian" }];
  return needsRepositories ? { ...address, repositories } : address;
}
