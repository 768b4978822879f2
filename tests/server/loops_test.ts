import assert from "node:assert/strict";
import type { FetchOptions } from "../../src/artifact.ts";
import { resolvedPassingVia } from "../../src/server/loops.ts";
import { asResolvedArtifact, ociBackend, registryAt, requestFor } from "../backends/oci/fixture.ts";

Deno.test("a request's Via goes along, and which redirects and retries are allowed stays as it was", async () => {
  const asked: { via: string | null; options: FetchOptions | undefined }[] = [];
  const registry = registryAt("reg.example", {
    fetch(request, options) {
      asked.push({ via: request.headers.get("via"), options });
      return Promise.resolve(new Response());
    },
  });
  const resolved = asResolvedArtifact(ociBackend({ registries: [registry] }).resolve(requestFor("/a/b/manifests/1")));
  const options = { retry: false, objection: () => null };
  const [candidate] = resolvedPassingVia(resolved, "1.1 proxy").artifact.candidates;
  await candidate!.fetch(new Request(candidate!.url), options);
  assert.deepEqual(asked, [{ via: "1.1 proxy", options }]);
});
