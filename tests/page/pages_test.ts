import assert from "node:assert/strict";
import { startWithFiles } from "../support/cached_files.ts";
import type { AppFixture } from "../support/app_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

async function load(app: AppFixture, path: string, init: RequestInit = {}) {
  const response = await fetch(app.origin + path, { headers: browser, redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function submit(
  app: AppFixture,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) {
  const body = new URLSearchParams(form);
  return load(app, "/-/page/change", { method: "POST", body, headers: { ...browser, ...headers } });
}

/** The address in the first link of a page that fits. */
function linkIn(text: string, link: RegExp): string {
  const [, address] = link.exec(text) ?? assert.fail(`there is no ${link} in ${text}`);
  return address!.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

Deno.test("a browser gets the page, every other program the text, at the same address", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app } = scene;
  const page = await load(app, "/");
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  const titles = [...page.text.matchAll(/<h2 id="\w+-title">(.*?)<\/h2>/g)].map(([, title]) => title);
  assert.deepEqual(titles, [
    "Is it well?",
    "How do I use it?",
    "What is happening?",
    "What has it brought?",
    "What is in it?",
    "What went wrong?",
  ]);
  assert.match(page.text, new RegExp(`curl -fO ${app.origin}/files/PATH`));
  const text = await load(app, "/", { headers: { accept: "*/*" } });
  assert.match(text.headers.get("content-type")!, /text\/plain/);
  assert.match(text.text, /^Artifact Vault/);
});

Deno.test("all pages forbid what is not their own, and need nothing from elsewhere", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app } = scene;
  for (const path of ["/", "/-/page/entries", "/-/page/entry/files%2Fa", "/-/page/nothing"]) {
    const { headers, text } = await load(app, path);
    const policy = headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.doesNotMatch(text, / style=| on[a-z]+=|<script>|javascript:/i);
    const loaded = [...text.matchAll(/<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"/g)].map(([, url]) => url!);
    for (const url of loaded) assert.match(url, /^\/-\/page\/|^data:,$/);
  }
});

Deno.test("browsers keep style sheet and script for ever at the address of their version, and ask anew at others", async () => {
  await using scene = await startWithFiles([]);
  const { app } = scene;
  const { text } = await load(app, "/");
  for (const name of ["style.css", "script.js"]) {
    const [address] = new RegExp(`/-/page/${name}\\?v=\\w+`).exec(text) ?? assert.fail(`the page has no ${name}`);
    const answers = [];
    for (const path of [address, `/-/page/${name}`, `/-/page/${name}?v=another`]) answers.push(await load(app, path));
    const [own, ...others] = answers;
    assert.deepEqual([own!.status, own!.headers.get("cache-control")], [200, "public, max-age=31536000, immutable"]);
    for (const { status, headers } of others) {
      assert.deepEqual([status, headers.get("cache-control")], [200, "no-cache"]);
    }
    const etag = own!.headers.get("etag")!;
    const again = await load(app, `/-/page/${name}`, { headers: { "if-none-match": etag } });
    assert.deepEqual([again.status, again.text, again.headers.get("etag")], [304, "", etag]);
  }
});

Deno.test("names from outside are no markup on any page", async () => {
  const hostile = "/%3Cscript%3Ealert(1)%3C/script%3E%22%27%E2%80%AE";
  await using scene = await startWithFiles([hostile, `/${"x".repeat(5000)}`]);
  const { app } = scene;
  await load(app, "/files/%3Cimg%20src=x%3E");
  await waitUntil("the cache has been read", async () => {
    const { text } = await load(app, "/");
    return /2 entries/.test(text) ? text : undefined;
  });
  const pages = ["/", "/-/page/entries?search=%3Cscript%3E", `/-/page/entry/${encodeURIComponent(`files${hostile}`)}`];
  for (const path of pages) {
    const { text } = await load(app, path);
    assert.doesNotMatch(text, /<script>|<img|\u202e/, path);
    assert.ok(text.length < 200_000);
  }
});

Deno.test("entries are found by a part of their name, a page at a time", async () => {
  const names = Array.from({ length: 150 }, (_, at) => `/file-${String(at).padStart(3, "0")}`);
  await using scene = await startWithFiles(names);
  const { app } = scene;
  const { text } = await load(app, "/-/page/entries?search=FILE-&backend=files&sort=newest");
  const next = linkIn(text, /<a href="([^"]*cursor=[^"]*)">More/);
  const second = await load(app, next);
  const named = (text: string) =>
    [...text.matchAll(/href="\/-\/page\/entry\/files%2F(file-\d+)"/g)].map(([, name]) => name);
  const found = [...named(text), ...named(second.text)];
  assert.deepEqual(found.toSorted(), names.map((name) => name.slice(1)));
  for (const page of [text, second.text]) {
    assert.match(page, /name="backend" value="files".*value="newest"\s+selected/s, "a new search keeps these");
    assert.match(page, /The cache was read <time/);
  }
  assert.doesNotMatch(second.text, />More</);
  assert.match((await load(app, "/-/page/entries?search=nowhere&sort=constructor")).text, /Nothing in the cache/);
  const wrong = await load(app, "/-/page/entries?cursor=%3Cscript%3E");
  assert.deepEqual([wrong.status, wrong.headers.get("content-type")], [400, "text/html; charset=utf-8"]);
  assert.match(wrong.text, /script.* is no cursor.*To the start page/s);
});

Deno.test("the page of an entry says all about it, and its forms change it and say what came of that", async () => {
  const odd = "/a?x=/../%2e%2e;/\\b";
  await using scene = await startWithFiles(["/a[1]*", "/a1x", odd]);
  const { app, upstream } = scene;
  const name = "files/a[1]*";
  const path = `/-/page/entry/${encodeURIComponent(name)}`;
  const { status, text } = await load(app, path);
  assert.equal(status, 200, text);
  assert.match(text, new RegExp(`${upstream.origin}/a`));

  for (const query of ["?done=purge", "?done=purge&job=../config", "?done=revalidate&job=x", "?done=__proto__"]) {
    assert.doesNotMatch((await load(app, path + query)).text, /class="verdict/, `${query} tells of no change`);
  }
  const noticeAfter = async (change: string) => {
    const { status, headers } = await submit(app, { name, change });
    assert.equal(status, 303);
    const { text } = await load(app, headers.get("location")!);
    return /<p class="verdict (\w+)" role="status"><bdi class="text">(.*?)<\/bdi>/.exec(text)?.slice(1).join(": ") ??
      "";
  };
  assert.match(await noticeAfter("pin"), /^good: It is pinned/);
  const pinned = await load(app, path);
  assert.match(pinned.text, /Pinned by.*files\/a\\\[1\\\]\\\*.*value="unpin"/s);
  assert.doesNotMatch(pinned.text, /value="purge"/, "what is pinned cannot be purged");
  assert.doesNotMatch((await load(app, "/-/page/entry/files%2Fa1x")).text, /Pinned by/, "a name is no pattern");
  assert.match(await noticeAfter("purge"), /^bad: That was not done\. Nothing was removed.*pinned/);
  assert.match(await noticeAfter("unpin"), /^good: It is not pinned/);
  assert.match(await noticeAfter("revalidate"), /^good: Upstream has been asked: it has not changed\.$/);
  upstream.serve("/a[1]*", { status: 503 });
  assert.match(await noticeAfter("revalidate"), /^warn: Upstream .* stays as it is/);
  assert.match(await noticeAfter("purge"), /^good: It has been removed\.$/);
  assert.equal((await load(app, path)).status, 404);
  assert.equal(app.held().entries, 2, "a name is no pattern");

  const { text: listed } = await load(app, "/-/page/entries?search=x%3D/");
  const shown = await load(app, linkIn(listed, /<a href="(\/-\/page\/entry\/[^"]*)"/));
  assert.deepEqual([shown.status, /b<\/bdi><\/h1>/.test(shown.text)], [200, true], "no name is without a page");
});

Deno.test("a form of another site, of another machine or for nothing changes nothing", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app } = scene;
  const wish = { name: "files/a", change: "purge" };
  for (
    const [headers, status] of [
      [{ origin: "http://evil.example" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "x-forwarded-for": "127.0.0.1" }, 403],
    ] as const
  ) {
    const refused = await submit(app, wish, headers);
    assert.equal(refused.status, status, JSON.stringify(headers));
    assert.match(refused.text, /<h1>Nothing was changed<\/h1>.*Back to.*files\/a/s, "people can read why");
    assert.match(refused.headers.get("content-security-policy")!, /frame-ancestors 'none'/);
  }
  for (const form of [{ name: "files/a", change: "constructor" }, { name: "", change: "purge" }]) {
    assert.equal((await submit(app, form)).status, 400);
  }
  assert.equal((await load(app, "/-/page/change")).status, 405);
  assert.equal((await load(app, "/", { method: "DELETE" })).status, 405);
  assert.equal(app.held().entries, 1);
});

Deno.test("open pages are sent what has changed", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app } = scene;
  const leaving = new AbortController();
  const response = await fetch(`${app.origin}/-/page/live`, { signal: leaving.signal });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readUntil = async (wanted: RegExp) => {
    while (!wanted.test(text)) text += (await reader.read()).value ?? assert.fail("the stream has ended");
  };
  await readUntil(/event: problems\n/);
  await app.ask("/files/a");
  await readUntil(/event: activity\ndata: ".*200 hit/);
  assert.match(text, /event: contents\ndata: ".*being read for the first time/);
  assert.doesNotMatch(text, /1 entry/, "an open page has nothing read");
  const page = await load(app, "/");
  await readUntil(/event: contents\ndata: ".*1 entry: /);
  const [, made] = /event: made\ndata: "(\w+)"/.exec(text) ?? assert.fail("pages are not told what they are made of");
  assert.match(page.text, new RegExp(`id="outdated"[^>]*\\sdata-made="${made}"\\s+hidden`));
  leaving.abort();
});
