import assert from "node:assert/strict";
import { startWithFiles } from "../support/cached_files.ts";
import type { AppFixture } from "../support/app_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { askApi } from "./ask_api.ts";
import { describedAnswer, schemaIn } from "./described.ts";

// deno-lint-ignore no-explicit-any -- an OpenAPI document
type Json = any;

const odd: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, "", " ", "**", "[", "\ud800", "\u202e", "x".repeat(5000), "__proto__"],
  ...[[], [""], [null], [[]], ["**"], ["../../etc/passwd"], ["files/a\0b"], ["\\"], ["{a,b"], {}, { a: 1 }],
];

/** Bodies that are no JSON object at all. */
const strange: readonly (BodyInit | undefined)[] = [
  ...[undefined, "", "{", "null", "[]", "7", '"x"', '{"patterns":', "[".repeat(5000)],
  new Uint8Array([0xff, 0xfe, 0]),
];

/** What is asked for as the document has it; jobs that change nothing, so that the next ones find the same. */
const right: Readonly<Record<string, Json>> = {
  "/purge": { patterns: ["files/a"], dryRun: true },
  "/evict": { unusedForMs: 1, dryRun: true },
  "/verify": {},
  "/revalidate": { names: ["files/a"] },
  "/warm": { lines: ["/files/a"] },
  "/pin": { patterns: ["files/a"] },
  "/unpin": { patterns: ["files/a"] },
  "/cache": { command: "ls", input: { patterns: ["files/a"] } },
  "/refresh": {},
  "/stop": { job: "none" },
};

/** Sends a body, again where too many jobs are running. */
async function post(app: AppFixture, path: string, body: BodyInit | undefined, type: string) {
  return await waitUntil(`${path} is answered`, async () => {
    const headers = { "content-type": type };
    const answer = await askApi(app, path, { method: "POST", headers, ...body !== undefined && { body } });
    return answer.status === 503 && answer.body.code === "overloaded" ? null : answer;
  });
}

Deno.test("changes that are asked for in any form are answered as the document says, and none fails", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app } = scene;
  const { body: document } = await askApi(app, "/openapi.json");
  const posts = Object.entries<Json>(document.paths).filter(([, { post }]) => post !== undefined);
  assert.deepEqual(posts.map(([path]) => path).sort(), Object.keys(right).sort());
  const seen = new Map<string, Set<number>>();
  for (const [path, { post: operation }] of posts) {
    const { schema } = operation.requestBody.content["application/json"];
    const fits = schemaIn(document, schema);
    const statuses = new Set<number>();
    seen.set(path, statuses);
    const check = async (body: BodyInit | undefined, type = "application/json") => {
      const answer = await post(app, path, body, type);
      const shown = `${path} ${String(body).slice(0, 200)}: ${answer.status} ${
        JSON.stringify(answer.body).slice(0, 300)
      }`;
      const described = describedAnswer(operation, answer);
      assert.ok(answer.status < 500, shown);
      if (answer.status >= 400) {
        assert.ok(answer.body.status === answer.status && answer.body.detail.length > 10, shown);
      } else assert.equal(schemaIn(document, described.schema).safeParse(answer.body).error, undefined, shown);
      statuses.add(answer.status);
      return answer.status;
    };
    const good = right[path];
    assert.ok([200, 202, 404].includes(await check(JSON.stringify(good))), path);
    for (const body of strange) assert.ok((await check(body)) >= 400 || body === undefined || body === "", path);
    assert.equal(await check(JSON.stringify(good), "text/plain"), 400);
    const bytes = new TextEncoder().encode(JSON.stringify(good));
    const letter = bytes.indexOf("f".charCodeAt(0), 10);
    if (letter > 0) assert.equal(await check(bytes.with(letter, 0xff)), 400, `${path}: no UTF-8`);
    const members = Object.keys(schema.properties);
    const bodies = [...members, "unknown", "__proto__"].flatMap((member) =>
      odd.map((value) => ({ ...good, ...Object.fromEntries([[member, value]]) }))
    );
    for (const body of [...bodies, ...odd]) {
      const text = JSON.stringify(body);
      const status = await check(text);
      // What does not fit the document is refused; what fits may still be refused, for what it means.
      if (!fits.safeParse(JSON.parse(text)).success) assert.ok(status >= 400 && status < 500, `${path} ${text}`);
    }
  }
  for (const [path, statuses] of seen) assert.ok(statuses.has(400), path);
  await waitUntil("all jobs have ended", async () => {
    const { body: jobs } = await askApi(app, "/jobs");
    return jobs.every(({ state }: { state: string }) => state !== "running");
  });
});
