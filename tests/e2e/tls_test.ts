import assert from "node:assert/strict";
import { createCertificates, createClientCertificate } from "../support/certificates.ts";
import { curl, download } from "../support/clients.ts";
import { startNginx } from "../support/nginx.ts";
import { missingPrograms } from "../support/programs.ts";
import { createRandomFile, mib } from "../support/random_file.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { VaultProcess, writeVaultConfig } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const ignore = missingPrograms("nginx", "curl", "openssl").length > 0;

Deno.test({ name: "TLS on both sides, with a private authority", ignore }, async (t) => {
  await using dir = await createTempDir();
  const { ca, cert, key } = await createCertificates(dir);
  await Deno.mkdir(dir.join("upstream"));
  const file = await createRandomFile(dir.join("upstream"), "app.bin", 5 * mib);
  await using nginx = await startNginx({ root: dir.join("upstream"), tls: { cert, key } });

  await t.step("the upstream's authority from `ca`, our certificate from `tls`", async () => {
    const config = await writeVaultConfig(dir.join("trusting.yml"), {
      cacheDir: dir.join("cache"),
      upstream: nginx.url,
      top: [`tls: {cert: ${cert}, key: ${key}}`],
      backend: [`ca: ${ca}`],
    });
    await using vault = await VaultProcess.start({ args: ["--config", config] });
    const url = vault.url(`/files/${file.name}`);
    assert.match(url, /^https:/);
    assert.ok((await download(url, file, { args: ["--cacert", ca] })).right);
  });

  await t.step(
    "an upstream that wants the vault's own certificate gets it, and a renewed one after SIGHUP",
    async () => {
      const renewed = await createClientCertificate(dir, "renewed");
      const revoked = await createClientCertificate(dir, "revoked");
      await using strict = await startNginx({
        root: dir.join("upstream"),
        tls: { cert, key },
        server:
          `ssl_client_certificate ${ca}; ssl_verify_client on; if ($ssl_client_s_dn = "CN=revoked") { return 403; }`,
      });
      const own = { cert: dir.join("own.pem"), key: dir.join("own.key") };
      const install = async (pair: { cert: string; key: string }) => {
        await Deno.copyFile(pair.cert, own.cert);
        await Deno.copyFile(pair.key, own.key);
      };
      await install(revoked);
      const config = await writeVaultConfig(dir.join("mutual.yml"), {
        cacheDir: dir.join("mutual-cache"),
        upstream: strict.url,
        backend: [`ca: ${ca}`, "retries: 0", `client_certificate: {cert: ${own.cert}, key: ${own.key}}`],
      });
      await using vault = await VaultProcess.start({ args: ["--config", config] });
      const url = vault.url(`/files/${file.name}`);
      assert.equal((await curl(url)).status, 403);
      await install(renewed);
      Deno.kill(vault.pid, "SIGHUP");
      await waitUntil("the renewed certificate is shown", async () => (await curl(url)).status === 200);
      assert.ok((await download(url, file)).right);
    },
  );

  await t.step("an upstream nobody vouches for is a 502 that speaks of its certificate", async () => {
    const config = await writeVaultConfig(dir.join("careful.yml"), {
      cacheDir: dir.join("other-cache"),
      upstream: nginx.url,
      backend: ["retries: 0"],
    });
    await using vault = await VaultProcess.start({ args: ["--config", config] });
    const got = await curl(vault.url(`/files/${file.name}`));
    assert.equal(got.status, 502);
    assert.match(got.text, /certificate/i);
  });
});
