import { createHash } from "node:crypto";
import { backendTypes } from "../../../src/backends/types.ts";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";
import { sums } from "./sums.ts";

const sha256 = createHash("sha256").update(fileBytes).digest("hex");

testBackendContract({
  type: "sums",
  types: [...backendTypes, sums],
  config: (origin) => ({ base_url: `${origin}/pub` }),
  freshFor: (ttl) => ({ ttl }),
  content: (_origin, version) => ({
    "/pub/tool/1.0/SHA256SUMS": {
      body: `${sha256}  tool.tar.gz\n${"0".repeat(64)} *${versionText(version)}.txt\n`,
      etag: `"${version}"`,
    },
    "/pub/tool/1.0/tool.tar.gz": { body: fileBytes, etag: '"file"' },
  }),
  file: { path: "/tool/1.0/tool.tar.gz", target: "/pub/tool/1.0/tool.tar.gz", bytes: fileBytes },
  document: { path: "/tool/1.0/SHA256SUMS", target: "/pub/tool/1.0/SHA256SUMS" },
  absent: "/nothing/1.0/SHA256SUMS",
  missed: () => ["/specimen/tool/1.0/tool.tar.gz", "/specimen/nothing/1.0/SHA256SUMS"],
  absurd: ["/tool.tar.gz", "/tool/", "/a//b", "/a/b%20c"],
  errors: plainErrors,
});
