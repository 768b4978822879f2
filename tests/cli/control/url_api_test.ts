import assert from "node:assert/strict";
import { urlApi } from "../../../src/cli/control/url_api.ts";

Deno.test("an answer ends when it is aborted, also where its connection goes on", async () => {
  const { fetch } = globalThis;
  const left = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
    cancel: () => left.resolve(),
  });
  globalThis.fetch = () => Promise.resolve(new Response(body));
  try {
    const leaving = new AbortController();
    const request = { method: "GET", path: "/-/events", body: null } as const;
    const answer = await urlApi("http://vault.test").ask(request, leaving.signal);
    const reader = answer.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "first");
    const next = reader.read();
    leaving.abort();
    await assert.rejects(next);
    await left.promise;
  } finally {
    globalThis.fetch = fetch;
  }
});
