import assert from "node:assert/strict";
import { createCertificates } from "../support/certificates.ts";
import { curl, download } from "../support/clients.ts";
import { startNginx } from "../support/nginx.ts";
import { missingPrograms } from "../support/programs.ts";
import { createRandomFile, mib } from "../support/random_file.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { VaultProcess, writeVaultConfig } from "../support/vault_process.ts";

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
