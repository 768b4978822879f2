import { createHash } from "node:crypto";
import { releaseText } from "../../support/apt/upstream.ts";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";

const suite = "/dists/stable";
const packagesPath = "main/binary-amd64/Packages";
const filename = "pool/main/t/tool/tool_1.0_amd64.deb";
const sha256 = createHash("sha256").update(fileBytes).digest("hex");
const packages = `Package: tool\nVersion: 1.0\nArchitecture: amd64\nFilename: ${filename}\n` +
  `Size: ${fileBytes.length}\nSHA256: ${sha256}\n\n`;

testBackendContract({
  type: "apt",
  config: (origin) => ({ mirror_url: `${origin}/debian` }),
  freshFor: (ttl) => ({ ttl }),
  content: (_origin, version) => ({
    [`/debian${suite}/InRelease`]: {
      body: releaseText({
        indexes: { [packagesPath]: packages },
        nth: version === "one" ? 1 : 2,
        fields: `Label: ${versionText(version)}\n`,
      }),
      etag: `"${version}"`,
    },
    [`/debian${suite}/${packagesPath}`]: { body: packages, etag: '"packages"' },
    [`/debian/${filename}`]: { body: fileBytes, etag: '"file"' },
  }),
  file: {
    path: `/${filename}`,
    target: `/debian/${filename}`,
    bytes: fileBytes,
    listedBy: [`${suite}/InRelease`, `${suite}/${packagesPath}`],
  },
  document: { path: `${suite}/InRelease`, target: `/debian${suite}/InRelease` },
  absent: "/pool/main/n/nothing/nothing_1.0_amd64.deb",
  missed:
    () => ["/specimen/pool/main/t/tool/tool_1.0_amd64.deb", "/specimen/pool/main/n/nothing/nothing_1.0_amd64.deb"],
  absurd: [],
  errors: plainErrors,
});
