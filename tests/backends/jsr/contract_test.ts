import { createHash } from "node:crypto";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";

const checksum = `sha256-${createHash("sha256").update(fileBytes).digest("hex")}`;

testBackendContract({
  type: "jsr",
  config: (origin) => ({ base_url: origin }),
  freshFor: (ttl) => ({ ttl }),
  content: (_origin, version) => ({
    "/@acme/tool/meta.json": {
      body: JSON.stringify({
        scope: "acme",
        name: "tool",
        description: versionText(version),
        versions: { "1.0.0": {} },
      }),
      etag: `"${version}"`,
      headers: { "content-type": "application/json" },
    },
    "/@acme/tool/1.0.0_meta.json": {
      body: JSON.stringify({ manifest: { "/data.bin": { size: fileBytes.length, checksum } } }),
      headers: { "content-type": "application/json" },
    },
    "/@acme/tool/1.0.0/data.bin": { body: fileBytes, etag: '"file"' },
  }),
  file: { path: "/@acme/tool/1.0.0/data.bin", target: "/@acme/tool/1.0.0/data.bin", bytes: fileBytes },
  document: { path: "/@acme/tool/meta.json", target: "/@acme/tool/meta.json" },
  absent: "/@acme/none/meta.json",
  missed: () => ["/specimen/@acme/tool/1.0.0/data.bin", "/specimen/@acme/none/meta.json"],
  absurd: ["/acme/tool/meta.json", "/@acme/meta.json", "/@acme/tool/", "/@acme/tool/latest/mod.ts"],
  errors: plainErrors,
});
