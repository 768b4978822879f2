import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir } from "../support/temp_dir.ts";

const folder = new URL("../../docs/deploy/", import.meta.url);
const manifests = ["vault.yml", "node-mirror.yml", "service-monitor.yml"].flatMap((name) => {
  const documents = parseAllDocuments(Deno.readTextFileSync(new URL(`kubernetes/${name}`, folder)));
  assert.ok("length" in documents);
  return documents.map((document) => document.toJS());
});

/** Models of the API whose `validate` compares with its schemas. */
const models = ["kubernetes-models@5.1.0", "@kubernetes-models/prometheus-operator@6.0.0"];

const script = `
import { readFileSync } from "node:fs";
const kinds = {
  Namespace: "kubernetes-models/v1/Namespace", ConfigMap: "kubernetes-models/v1/ConfigMap",
  PersistentVolumeClaim: "kubernetes-models/v1/PersistentVolumeClaim", Service: "kubernetes-models/v1/Service",
  Deployment: "kubernetes-models/apps/v1/Deployment", DaemonSet: "kubernetes-models/apps/v1/DaemonSet",
  ServiceMonitor: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor",
};
for (const manifest of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { [manifest.kind]: Model } = await import(kinds[manifest.kind]);
  const check = (text) => new Model(JSON.parse(text)).validate();
  check(JSON.stringify(manifest));
  // A check that finds nothing wrong has to find this.
  try {
    check(JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, labels: 7 } }));
  } catch {
    console.log("checked " + manifest.kind);
    continue;
  }
  throw new Error("no schema for " + manifest.kind);
}
`;

Deno.test({
  name: "the schemas of the Kubernetes API have nothing against the manifests",
  ignore: missingPrograms("npm", "node").length > 0,
}, async () => {
  await using dir = await createTempDir();
  const run = async (program: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: dir.path, stdin: "null" }).output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
  const installed = await run("npm", "install", "--no-audit", "--no-fund", "--silent", ...models);
  if (installed.code !== 0) return console.log("skipped: the models cannot be installed here");
  await Deno.writeTextFile(dir.join("check.mjs"), script);
  await Deno.writeTextFile(dir.join("manifests.json"), JSON.stringify(manifests));
  const { code, text } = await run("node", "check.mjs", "manifests.json");
  assert.equal(code, 0, text);
  assert.deepEqual(text.match(/(?<=checked )\w+/g), manifests.map(({ kind }) => kind));
});

Deno.test("the manifests fit together: labels, volumes, ports, and a configuration that is right", async () => {
  const byKind = (kind: string) => manifests.find((one) => one.kind === kind)!;
  const labels = byKind("Deployment").spec.template.metadata.labels;
  assert.deepEqual(byKind("Deployment").spec.selector.matchLabels, labels);
  assert.deepEqual(byKind("Service").spec.selector, labels);
  assert.deepEqual(byKind("ServiceMonitor").spec.selector.matchLabels, byKind("Service").metadata.labels);
  assert.equal(byKind("ServiceMonitor").spec.endpoints[0].port, byKind("Service").spec.ports[0].name);
  for (const kind of ["Deployment", "DaemonSet"]) {
    const { volumes, containers, securityContext } = byKind(kind).spec.template.spec;
    const mounted = containers[0].volumeMounts.map(({ name }: { name: string }) => name);
    assert.deepEqual(mounted, volumes.map(({ name }: { name: string }) => name));
    assert.equal(securityContext.runAsNonRoot, true);
    assert.equal(containers[0].securityContext.readOnlyRootFilesystem, true);
  }
  const configs = manifests.filter(({ kind }) => kind === "ConfigMap");
  for (const { data } of configs) {
    await loadConfig({ schema: configSchema, text: data["config.yml"], env: () => undefined });
  }
  const used = ["Deployment", "DaemonSet"].map((kind) => {
    return byKind(kind).spec.template.spec.volumes.find(({ name }: { name: string }) => name === "config").configMap
      .name;
  });
  assert.deepEqual(used, configs.map(({ metadata }) => metadata.name), "a node has less room than a volume");
});

Deno.test("the compose file fits the image", () => {
  const compose = parse(Deno.readTextFileSync(new URL("compose.yml", folder)));
  const { "artifact-vault": vault } = compose.services;
  const dockerfile = Deno.readTextFileSync(new URL("Dockerfile", folder));
  const cache = /^VOLUME (\S+)$/m.exec(dockerfile)?.[1];
  assert.equal(vault.volumes[0], `cache:${cache}`);
  assert.equal(vault.ports[0].split(":")[1], /^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]);
  assert.ok(dockerfile.includes(`WORKDIR ${vault.volumes[1].split(":")[1].replace("/config.yml", "")}\n`));
  assert.equal(vault.read_only, true);
});

Deno.test({
  name: "nginx takes its configuration",
  ignore: missingPrograms("nginx").length > 0 && missingPrograms("/usr/sbin/nginx").length > 0,
}, async () => {
  await using dir = await createTempDir();
  const own = fileURLToPath(new URL("nginx.conf", folder));
  const text = (await Deno.readTextFile(own)).replace("listen 80;", "listen 127.0.0.1:18098;");
  await Deno.writeTextFile(dir.join("vault.conf"), text);
  const lines = [`pid ${dir.join("pid")};`, "error_log stderr;", "events {}", "http {"];
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${dir.join(name)};`
  );
  await Deno.writeTextFile(
    dir.join("nginx.conf"),
    [...lines, ...paths, `include ${dir.join("vault.conf")};`, "}"].join("\n"),
  );
  const nginx = missingPrograms("nginx").length === 0 ? "nginx" : "/usr/sbin/nginx";
  const { code, stderr } = await new Deno.Command(nginx, { args: ["-t", "-c", dir.join("nginx.conf")] }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
