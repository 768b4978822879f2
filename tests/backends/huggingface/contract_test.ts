import { createHash } from "node:crypto";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, plainErrors, versionText } from "../../support/contract/specimen.ts";

const commit = "c0ffee".padEnd(40, "0");
const sha256 = createHash("sha256").update(fileBytes).digest("hex");
const target = `/acme/m/resolve/${commit}/weights.bin`;
const absent = `/acme/m/resolve/${commit}/nothing.json`;
const tree = `/api/models/acme/m/tree/${commit}?recursive=true`;
const json = { "content-type": "application/json" };

testBackendContract({
  type: "huggingface",
  config: (origin) => ({ base_url: origin }),
  freshFor: (ttl) => ({ ttl }),
  content: (_origin, version) => ({
    "/api/models/acme/m/revision/main": {
      body: JSON.stringify({ id: "acme/m", sha: commit, tags: [versionText(version)] }),
      etag: `W/"${version}"`,
      headers: json,
    },
    [tree]: {
      body: JSON.stringify([{
        type: "file",
        path: "weights.bin",
        size: fileBytes.length,
        oid: "0".repeat(40),
        lfs: { oid: sha256, size: fileBytes.length },
      }]),
      headers: json,
    },
    [target]: { body: fileBytes, etag: `"${sha256}"` },
    [absent]: { status: 404, headers: { "x-error-code": "EntryNotFound", "x-error-message": "Entry not found" } },
  }),
  file: { path: target, target, bytes: fileBytes, listedBy: [tree] },
  document: { path: "/api/models/acme/m/revision/main", target: "/api/models/acme/m/revision/main" },
  absent,
  missed: () => [
    `hf:acme/m@${commit} include=weights.bin`,
    `hf:acme/m@${commit} include=nothing.json`,
  ],
  absurd: ["/v1/chunks/default/x", "/v2/shards/x", "/v1/reconstructions/abc"],
  errors: {
    ...plainErrors,
    contentType: "application/json; charset=utf-8",
    absent: /^\{"error":"Entry not found"\}$/,
    offline: /^\{"error":".*: artifact-vault warm 'hf:acme\/m@\w+ include=/,
    offlineStatus: 410,
    failed: /^\{"error":"/,
  },
});
