import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { loadConfig } from "../src/config/load.ts";
import { configSchema } from "../src/configuration.ts";
import { headingsOf } from "./support/headings.ts";
import { missingPrograms } from "./support/programs.ts";
import { createTempDir } from "./support/temp_dir.ts";

const ignore = missingPrograms("systemd-analyze").length > 0;
const docs = fileURLToPath(new URL("../docs", import.meta.url));
const unitFile = new URL("../docs/deploy/artifact-vault.service", import.meta.url);

Deno.test({ name: "systemd understands every line of the unit and finds it well confined", ignore }, async () => {
  await using dir = await createTempDir();
  const path = dir.join("artifact-vault.service");
  // The program is not where the unit will find it one day.
  const unit = Deno.readTextFileSync(unitFile).replace(/^(Exec\w+)=\S+/gm, "$1=/bin/true");
  await Deno.writeTextFile(path, unit);
  assert.deepEqual(await analyze("verify", path), { code: 0, errors: "" });
  assert.equal((await analyze("security", "--offline=true", "--threshold=30", path)).code, 0);
});

const guides = [
  ["backends/docker.md", 6],
  ["backends/pypi.md", 2],
  ["backends/apt.md", 1],
  ["backends/npm.md", 5],
  ["backends/jsr.md", 1],
  ["backends/huggingface.md", 3],
] as const;

for (const [name, least] of guides) {
  Deno.test(`every configuration in ${name} is a right one, and its other examples can be parsed`, async () => {
    const text = Deno.readTextFileSync(join(docs, name));
    const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, example = ""]) => example);
    const configurations = examples.filter((example) => "backends" in parse(example));
    assert.ok(configurations.length >= least);
    for (const text of configurations) {
      await loadConfig({
        schema: configSchema,
        path: name,
        text,
        env: () => "secret",
      });
    }
    for (const [, example = ""] of text.matchAll(/^```json\n(.*?)^```/gms)) JSON.parse(example);
  });
}

Deno.test("apt.md: find-vault says whether the vault is there, with what every Debian has", async () => {
  const text = Deno.readTextFileSync(join(docs, "backends/apt.md"));
  const script = /^#!\/bin\/bash\n(.*?)^```/ms.exec(text)?.[1] ?? "";
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const find = async () => {
    const [host, port] = address.split(":");
    const there = script.replaceAll("vault.example.com:8080", address)
      .replace("vault.example.com/8080", `${host}/${port}`);
    // A machine that is busy may take longer than a second to start bash twice.
    const own = there.replace("timeout 1 ", "timeout 60 ");
    assert.notEqual(own, there);
    const { stdout } = await new Deno.Command("/bin/bash", { args: ["-c", own] }).output();
    return new TextDecoder().decode(stdout);
  };
  assert.equal(await find(), `http://${address}\n`);
  listener.close();
  assert.equal(await find(), "DIRECT\n");
});

for (const file of ["architecture.md", ...namesIn("design")]) {
  Deno.test(`every source file that ${file} names is there`, () => {
    const text = Deno.readTextFileSync(join(docs, file));
    const named = [...text.matchAll(/`([\w/]+\.ts)`/g)].map(([, path = ""]) => path);
    const folders = ["src", `src/backends/${basename(file, ".md")}`, "."];
    const isThere = (path: string) => folders.some((folder) => existsSync(join(docs, "..", folder, path)));
    assert.ok(named.length >= 5);
    assert.deepEqual(named.filter((path) => !isThere(path)), []);
  });
}

for (
  const file of ["", "backends", "decisions", "design", "monitoring"].flatMap((folder) =>
    markdownIn(join(docs, folder))
  )
) {
  Deno.test(`every file and heading that ${file.slice(docs.length + 1)} links to is there`, () => {
    const links = [...Deno.readTextFileSync(file).matchAll(/\]\(([^):]+)\)/g)].map(([, link = ""]) => link);
    assert.deepEqual(links.filter((link) => !leadsSomewhere(file, link)), []);
  });
}

async function analyze(...args: string[]): Promise<{ code: number; errors: string }> {
  const { code, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
  return { code, errors: new TextDecoder().decode(stderr) };
}

function namesIn(folder: string): string[] {
  return markdownIn(join(docs, folder)).map((path) => path.slice(docs.length + 1));
}

function markdownIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name)).filter((path) => path.endsWith(".md"))
    .sort();
}

function leadsSomewhere(file: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  try {
    if (heading === undefined) return Deno.statSync(target) !== null;
    return headingsOf(Deno.readTextFileSync(target)).includes(heading);
  } catch {
    return false;
  }
}
