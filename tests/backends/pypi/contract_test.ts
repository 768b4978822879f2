import { createHash } from "node:crypto";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";

const filename = "tool-1.0-py3-none-any.whl";
const sha256 = createHash("sha256").update(fileBytes).digest("hex");

testBackendContract({
  type: "pypi",
  config: (origin) => ({ index_url: `${origin}/simple`, packages_url: `${origin}/packages` }),
  freshFor: (ttl) => ({ ttl }),
  content: (origin, version) => ({
    "/simple/tool/": {
      body: JSON.stringify({
        meta: { "api-version": "1.1" },
        name: "tool",
        versions: ["1.0"],
        files: [
          { filename, url: `${origin}/packages/aa/${filename}`, hashes: { sha256 } },
          { filename: `tool-1.0-${versionText(version)}.tar.gz`, url: `${origin}/elsewhere/tool.tar.gz`, hashes: {} },
        ],
      }),
      etag: `"${version}"`,
      headers: { "content-type": "application/vnd.pypi.simple.v1+json" },
    },
    [`/packages/aa/${filename}`]: { body: fileBytes, etag: '"file"' },
  }),
  file: { path: `/packages/aa/${filename}`, target: `/packages/aa/${filename}`, bytes: fileBytes },
  document: { path: "/simple/tool/", target: "/simple/tool/", isGenerated: true },
  absent: "/simple/nothing/",
  missed: () => ["pypi:tool==1.0", "pypi:nothing"],
  absurd: ["/simple/-/", "/simple/tool/more/", "/files/tool/ftp/example.org/x", "/a/b/c"],
  errors: { ...plainErrors, offline: /^410 offline\n[^]*: artifact-vault warm pypi:\w+/, offlineStatus: 410 },
});
