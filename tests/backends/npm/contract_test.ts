import { createHash } from "node:crypto";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, versionText } from "../../support/contract/specimen.ts";

const integrity = `sha512-${createHash("sha512").update(fileBytes).digest("base64")}`;

testBackendContract({
  type: "npm",
  config: (origin) => ({ registry_url: origin }),
  freshFor: (ttl) => ({ ttl }),
  content: (origin, version) => ({
    "/tool": {
      body: JSON.stringify({
        name: "tool",
        description: versionText(version),
        "dist-tags": { latest: "1.0.0" },
        versions: {
          "1.0.0": {
            name: "tool",
            version: "1.0.0",
            dist: { tarball: `${origin}/tool/-/tool-1.0.0.tgz`, integrity },
          },
        },
      }),
      etag: `"${version}"`,
      headers: { "content-type": "application/json" },
    },
    "/tool/-/tool-1.0.0.tgz": { body: fileBytes, etag: '"file"' },
  }),
  file: { path: "/tool/-/tool-1.0.0.tgz", target: "/tool/-/tool-1.0.0.tgz", bytes: fileBytes },
  document: { path: "/tool", target: "/tool", isGenerated: true },
  absent: "/nothing",
  missed: () => ["npm:tool@1.0.0", "npm:nothing"],
  absurd: ["/.hidden", "/@scope", "/tool/-/other/tool-1.0.0.tgz", "/tool/1.0.0/more", "/-/v2/search"],
  errors: {
    contentType: "application/json; charset=utf-8",
    absent: /^\{"error":".*","code":"not_found"\}$/,
    offline: /^\{"error":".*: artifact-vault warm npm:\S+","code":"offline"\}$/,
    offlineStatus: [404, 410],
    failed: /^\{"error":".*","code":"\w+"\}$/,
  },
});
