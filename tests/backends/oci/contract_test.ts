import { createHash } from "node:crypto";
import { testBackendContract } from "../../support/contract/backend_contract.ts";
import { fileBytes, versionText } from "../../support/contract/specimen.ts";

const mediaType = "application/vnd.oci.image.manifest.v1+json";
const blob = `/v2/team/tool/blobs/${digestOf(fileBytes)}`;
const tag = "/v2/team/tool/manifests/latest";

testBackendContract({
  type: "oci",
  config: (origin) => ({ registry_url: origin }),
  freshFor: (ttl) => ({ tag_ttl: ttl }),
  content(_origin, version) {
    const annotations = { version: versionText(version) };
    const body = JSON.stringify({ schemaVersion: 2, mediaType, layers: [], annotations });
    const digest = digestOf(body);
    return {
      [tag]: {
        body,
        etag: `"${digest}"`,
        headers: { "content-type": mediaType, "docker-content-digest": digest },
      },
      [blob]: { body: fileBytes, etag: '"blob"', headers: { "content-type": "application/octet-stream" } },
    };
  },
  file: { path: blob, target: blob, bytes: fileBytes },
  document: { path: tag, target: tag },
  absent: "/v2/team/tool/manifests/nothing",
  missed: (origin) => [`/specimen${blob}`, `docker:${new URL(origin).host}/team/tool:nothing`],
  absurd: ["/v2/team/tool", "/v2/team/tool/blobs/sha256:123", "/v2/team/tool/uploads/1", "/a/b/c"],
  errors: {
    contentType: "application/json",
    absent: /"code":"MANIFEST_UNKNOWN"/,
    offline: /"code":"(?:MANIFEST|NAME)_UNKNOWN","message":".* offline for .*artifact-vault warm \S+"/,
    offlineStatus: 410,
    failed: /"code":"UNAVAILABLE"/,
  },
});

function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
