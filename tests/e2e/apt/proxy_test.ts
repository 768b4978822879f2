import assert from "node:assert/strict";
import { aptPrograms, createAptScene } from "../../support/apt/scene.ts";
import { createCertificates } from "../../support/certificates.ts";
import { startNginx } from "../../support/nginx.ts";
import { missingPrograms } from "../../support/programs.ts";
import { askRaw } from "../../support/raw_client.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms(...aptPrograms).length > 0;
const ignoreTls = ignore || missingPrograms("openssl").length > 0;

testInTurn(
  { name: "apt has the vault as its proxy: hosts of backends are served, others refused", ignore },
  async (t) => {
    const aliases = ["http://archive.example.org/debian", "https://tls.example.org/deb"];
    await using scene = await createAptScene();
    const { repository, upstream } = scene;
    await repository.publish({ packages: { foo: "1.0" }, acquireByHash: true });
    await using vault = await scene.startVault([], { aliases }, { server_names: "vault.example.org" });
    const proxy = `Acquire::http::Proxy=${vault.url("")}`;
    const cases: [string, string, ...string[]][] = [
      ["the mirror's own URL", upstream.url, proxy],
      ["an alias", "http://archive.example.org/debian", proxy],
      ["an alias with https, as caches of packages have it", "http://HTTPS///tls.example.org/deb", proxy],
      ["the same without a proxy", vault.url("/HTTPS///tls.example.org/deb")],
      ["the host in the path, as apt-cacher-ng has it", vault.url("/archive.example.org/debian")],
    ];
    for (const [name, url, ...settings] of cases) {
      await t.step(name, async () => {
        const apt = await scene.createApt(name.replaceAll(/\W/g, "-"), url, ...settings);
        await apt.update();
        await apt.install("foo");
        assert.deepEqual(await apt.installed(), { foo: "1.0" });
      });
    }
    await t.step("all that came is kept once", () => {
      const sent = upstream.requests.filter(({ status }) => status === 200);
      assert.equal(sent.length, 3, upstream.lines.join("\n"));
    });
    const refused: [string, string, string, RegExp][] = [
      ["another host", "http://elsewhere.example.org/other", proxy, /403 {2}Forbidden/],
      ["another host's path that is a prefix here", "http://elsewhere.example.org/debian", proxy, /403 {2}Forbidden/],
      ["another path of a known host", "http://archive.example.org/other", proxy, /403 {2}Forbidden/],
      ["a tunnel", "https://tls.example.org/deb", `Acquire::https::Proxy=${vault.url("")}`, /405/],
    ];
    for (const [name, url, setting, said] of refused) {
      await t.step(`${name} is refused`, async () => {
        const apt = await scene.createApt(name.replaceAll(/\W/g, "-"), url, setting);
        const { stdout, stderr } = await apt.run("update");
        assert.match(stdout + stderr, said);
      });
    }
    await t.step("the answer to a tunnel says what to do instead", async () => {
      const { status, text } = await askRaw(vault.url(""), "tls.example.org:443", { method: "CONNECT" });
      assert.equal(status, 405);
      assert.match(text, /HTTPS\/\/\//);
    });
  },
);

testInTurn({ name: "a mirror with TLS is there for clients without it", ignore: ignoreTls }, async (t) => {
  await using dir = await createTempDir("vault-apt-tls-");
  const { ca, cert, key } = await createCertificates(dir);
  await using scene = await createAptScene();
  const { repository } = scene;
  await repository.publish({ packages: { foo: "1.0" }, acquireByHash: true });
  await using nginx = await startNginx({ root: repository.root, tls: { cert, key } });
  await using vault = await scene.startVault([], { mirror_url: nginx.url, ca });
  const host = new URL(nginx.url).host;
  const proxy = `Acquire::http::Proxy=${vault.url("")}`;
  const cases: [string, string, ...string[]][] = [
    ["below the prefix", vault.url("/debian")],
    ["by its URL in the path", vault.url(`/HTTPS///${host}`)],
    ["by its URL through the proxy", `http://HTTPS///${host}`, proxy],
  ];
  for (const [name, url, ...settings] of cases) {
    await t.step(name, async () => {
      const apt = await scene.createApt(name.replaceAll(" ", "-"), url, ...settings);
      await apt.update();
      await apt.install("foo");
      assert.deepEqual(await apt.installed(), { foo: "1.0" });
    });
  }
});
