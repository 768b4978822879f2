import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";

testBackendContract({
  type: "http",
  config: (origin) => ({ base_url: `${origin}/base`, rules: [{ match: "**/*.bin", immutable: true }] }),
  freshFor: (ttl) => ({ ttl }),
  content: (_origin, version) => ({
    "/base/files/tool.bin": { body: fileBytes, etag: '"file"' },
    "/base/latest.json": {
      body: versionText(version),
      etag: `"${version}"`,
      headers: { "content-type": "application/json" },
    },
  }),
  file: { path: "/files/tool.bin", target: "/base/files/tool.bin", bytes: fileBytes, isUnchecked: true },
  document: { path: "/latest.json", target: "/base/latest.json" },
  absent: "/files/nothing.bin",
  missed: () => ["/specimen/files/tool.bin", "/specimen/files/nothing.bin"],
  absurd: [],
  errors: plainErrors,
});
