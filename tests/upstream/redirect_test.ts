import assert from "node:assert/strict";
import type { Fetch } from "../../src/artifact.ts";
import { type RedirectOptions, withRedirects } from "../../src/upstream/redirect.ts";

/** Answers with a redirect wherever the map has one, else with 200; keeps what it was asked. */
function web(redirects: Readonly<Record<string, string | null>>, status = 302): { fetch: Fetch; hops: Request[] } {
  const hops: Request[] = [];
  const fetch: Fetch = (request) => {
    hops.push(request);
    const location = redirects[request.url];
    if (location === undefined) return Promise.resolve(new Response("here"));
    return Promise.resolve(new Response("moved", { status, headers: location === null ? {} : { location } }));
  };
  return { fetch, hops };
}

const addresses: Readonly<Record<string, string[]>> = {
  "public.test": ["93.184.216.34"],
  "cdn.test": ["2606:2800:21f:cb07::1", "93.184.216.35"],
  "inside.test": ["10.1.2.3"],
  "half-inside.test": ["93.184.216.34", "fd00::1"],
};

const careful: RedirectOptions = {
  allowPrivateRedirects: false,
  confidential: false,
  lookup: (hostname) => Promise.resolve(addresses[hostname] ?? []),
};

function follow(site: { fetch: Fetch }, request: Request, options: Partial<RedirectOptions> = {}): Promise<Response> {
  return withRedirects(site.fetch, { ...careful, ...options })(request);
}

Deno.test("a redirect that is the answer is returned as it is, also one that must not be followed", async () => {
  const site = web({ "https://public.test/a": "/b", "https://public.test/b": "https://inside.test/c" });
  const asked: string[] = [];
  const isAnswer = (target: URL) => asked.push(target.href) > 0 && target.host !== "public.test";
  const request = new Request("https://public.test/a");
  const response = await withRedirects(site.fetch, careful)(request, { isAnswer });
  assert.deepEqual([response.status, response.headers.get("location")], [302, "https://inside.test/c"]);
  assert.deepEqual(asked, ["https://public.test/b", "https://inside.test/c"]);
  assert.equal(await response.text(), "moved", "its body is the caller's");
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`${status} is followed, with method, Range and conditions`, async () => {
    const site = web({ "https://public.test/a": "b/c?d#e", "https://public.test/b/c?d": "https://cdn.test/f" }, status);
    const headers = { range: "bytes=5-", "if-range": '"e"', "if-none-match": '"f"', accept: "text/html" };
    const response = await follow(site, new Request("https://public.test/a", { method: "HEAD", headers }));
    assert.equal(response.status, 200);
    assert.deepEqual(site.hops.map((hop) => `${hop.method} ${hop.url} ${hop.redirect}`), [
      "HEAD https://public.test/a manual",
      "HEAD https://public.test/b/c?d manual",
      "HEAD https://cdn.test/f manual",
    ]);
    assert.deepEqual(Object.fromEntries(site.hops[2]?.headers ?? []), headers);
  });
}

for (const status of [200, 206, 300, 304, 404, 500]) {
  Deno.test(`${status} is an answer, whatever its Location says`, async () => {
    const answer = new Response(null, { status, headers: { location: "https://cdn.test/" } });
    assert.equal(await follow({ fetch: () => Promise.resolve(answer) }, new Request("https://public.test/")), answer);
  });
}

Deno.test("the request's credentials stay on the origin and do not come back with it", async () => {
  const site = web({
    "https://public.test/a": "/b",
    "https://public.test/b": "https://public.test:8443/c",
    "https://public.test:8443/c": "https://public.test/d",
  });
  const headers = { authorization: "Bearer secret", cookie: "secret=1", "proxy-authorization": "Basic secret" };
  await follow(site, new Request("https://public.test/a", { headers }));
  const sent = site.hops.map((hop) => Object.keys(headers).filter((name) => hop.headers.has(name)).length);
  assert.deepEqual(sent, [3, 3, 0, 0]);
});

const refused: readonly (readonly [name: string, redirects: Record<string, string | null>, message: RegExp])[] = [
  ["a redirect to itself", { "https://public.test/": "/" }, /"https:\/\/public.test\/" leads in a circle$/],
  ["a loop", { "https://public.test/": "/a", "https://public.test/a": "/b", "https://public.test/b": "/a" }, /circle$/],
  ["a redirect to ftp:", { "https://public.test/": "ftp://cdn.test/" }, /leads out of http and https$/],
  ["a redirect to file:", { "https://public.test/": "file:///etc/passwd" }, /leads out of http and https$/],
  ["a redirect to data:", { "https://public.test/": "data:text/plain,hello" }, /leads out of http and https$/],
];

for (const [name, redirects, message] of refused) {
  Deno.test(`${name} is refused`, async () => {
    const fetching = follow(web(redirects), new Request("https://public.test/"));
    await assert.rejects(fetching, { code: "upstream_failed", message });
  });
}

for (const location of [null, "https://["]) {
  Deno.test(`a redirect to ${location ?? "nowhere"} is the response itself`, async () => {
    const response = await follow(web({ "https://public.test/": location }), new Request("https://public.test/"));
    assert.deepEqual([response.status, await response.text()], [302, "moved"]);
  });
}

Deno.test("ten redirects are followed, eleven are not", async () => {
  const chain = (length: number) =>
    web(Object.fromEntries(Array.from({ length }, (_, i) => [`https://public.test/${i}`, `/${i + 1}`])));
  assert.equal((await follow(chain(10), new Request("https://public.test/0"))).status, 200);
  const tooLong = chain(11);
  await assert.rejects(follow(tooLong, new Request("https://public.test/0")), /one more than the 10 that are followed/);
  assert.equal(tooLong.hops.length, 11);
});

Deno.test("secrets in a Location are not told", async () => {
  const site = web({ "https://public.test/": "ftp://user:secret@cdn.test/f?sig=secret" });
  await assert.rejects(
    follow(site, new Request("https://public.test/")),
    (error: Error) => !/secret|user/.test(error.message),
  );
});

Deno.test("https to http with credentials: where the request allows it, and then without them", async () => {
  const site = web({ "https://public.test/": "http://public.test/f" });
  const secret = new Request("https://public.test/", { headers: { authorization: "Bearer t" } });
  const fetch = withRedirects(site.fetch, { ...careful, confidential: true });
  assert.equal((await fetch(secret, { allowsPlainHttp: true })).status, 200);
  assert.deepEqual(site.hops.map(({ url, headers }) => [url, headers.get("authorization")]), [
    ["https://public.test/", "Bearer t"],
    ["http://public.test/f", null],
  ]);
});

Deno.test("https to http: only for what needs no credentials", async () => {
  const redirects = { "https://public.test/": "http://cdn.test/f" };
  const open = new Request("https://public.test/");
  const secret = new Request("https://public.test/", { headers: { authorization: "Bearer t" } });
  assert.equal((await follow(web(redirects), open)).status, 200);
  await assert.rejects(follow(web(redirects), secret), /plain http what credentials protect/);
  await assert.rejects(follow(web(redirects), open, { confidential: true }), /plain http what credentials protect/);
});

Deno.test("of the headers that the request names, the response has those of the first redirect that says them, and its own url", async () => {
  const told = { "x-linked-etag": '"abc"', "x-repo-commit": "c0ffee", "x-other": "1", etag: '"of the redirect"' };
  const hops: Response[] = [
    new Response(null, { status: 302, headers: { location: "/b", ...told } }),
    new Response(null, {
      status: 307,
      headers: { location: "https://cdn.test/f", "x-linked-etag": '"second"', "x-late": "2" },
    }),
    new Response("here", { headers: { etag: '"of the file"', "x-repo-commit": "none", "x-missing": "kept" } }),
  ];
  const final = hops[2]!;
  const fetch = withRedirects(() => Promise.resolve(hops.shift()!), careful);
  const redirectHeaders = ["x-linked-etag", "x-repo-commit", "x-missing", "x-late"];
  const response = await fetch(new Request("https://public.test/a"), { redirectHeaders });
  assert.equal(response, final, "the very same, with its url and notes");
  assert.deepEqual(Object.fromEntries(response.headers), {
    ...{ "content-type": "text/plain;charset=UTF-8", etag: '"of the file"', "x-missing": "kept" },
    ...{ "x-linked-etag": '"abc"', "x-repo-commit": "c0ffee", "x-late": "2" },
  });
  assert.equal(await response.text(), "here");
});

Deno.test("without a redirect, the response's own headers stay", async () => {
  const answer = new Response("here", { headers: { "x-repo-commit": "own" } });
  const fetch = withRedirects(() => Promise.resolve(answer), careful);
  const response = await fetch(new Request("https://public.test/a"), { redirectHeaders: ["x-repo-commit"] });
  assert.equal(response.headers.get("x-repo-commit"), "own");
});

for (const status of [307, 308]) {
  Deno.test(`${status} repeats a POST with its body`, async () => {
    const bodies: string[] = [];
    const fetch = withRedirects(async (request) => {
      bodies.push(`${request.method} ${request.url} ${await request.text()}`);
      return request.url.endsWith("/a")
        ? new Response(null, { status, headers: { location: "/b" } })
        : new Response("");
    }, careful);
    assert.equal((await fetch(new Request("https://public.test/a", { method: "POST", body: "x" }))).status, 200);
    assert.deepEqual(bodies, ["POST https://public.test/a x", "POST https://public.test/b x"]);
  });
}

for (const status of [301, 302, 303]) {
  Deno.test(`${status} in answer to a POST is the response itself`, async () => {
    const site = web({ "https://public.test/a": "/b" }, status);
    const response = await follow(site, new Request("https://public.test/a", { method: "POST", body: "x" }));
    assert.deepEqual([response.status, site.hops.length], [status, 1]);
    await response.body?.cancel();
  });
}

const privateHosts = [
  "127.0.0.1",
  "127.9.9.9",
  "2130706433",
  "0x7f.1",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "100.100.100.200",
  "192.0.0.192",
  "255.255.255.255",
  "224.0.0.1",
  "240.0.0.1",
  "localhost",
  "LOCALHOST.",
  "app.localhost",
  "[::1]",
  "[::]",
  "[fe80::1]",
  "[fd00:ec2::254]",
  "[::ffff:127.0.0.1]",
  "[::ffff:a00:1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b::a9fe:a9fe]",
  "inside.test",
  "half-inside.test",
  "inside.test.",
];

for (const host of privateHosts) {
  Deno.test(`a public upstream's redirect to ${host} is refused, unless it is allowed`, async () => {
    const redirects = { "https://public.test/": `https://${host}/latest/meta-data` };
    const request = new Request("https://public.test/");
    const site = web(redirects);
    await assert.rejects(follow(site, request), {
      code: "upstream_failed",
      message: /not a public address; set "allow_private_redirects: true"/,
    });
    assert.equal(site.hops.length, 1);
    assert.equal((await follow(web(redirects), request, { allowPrivateRedirects: true })).status, 200);
  });
}

const publicHosts = [
  "93.184.216.34",
  "8.8.8.8",
  "[2606:2800:21f::1]",
  "[64:ff9b::808:808]",
  "cdn.test",
  "unknown.test",
];

for (const host of publicHosts) {
  Deno.test(`a redirect to ${host} is followed`, async () => {
    const site = web({ "https://public.test/": `https://${host}/f` });
    assert.equal((await follow(site, new Request("https://public.test/"))).status, 200);
  });
}

for (const upstream of ["http://127.0.0.1:8080/", "http://inside.test/", "http://localhost/"]) {
  Deno.test(`${upstream}, being private itself, may redirect to private addresses`, async () => {
    const site = web({ [upstream]: "http://192.168.1.1/f" });
    assert.equal((await follow(site, new Request(upstream))).status, 200);
  });
}

Deno.test("a public hop on the way does not make the upstream private", async () => {
  const site = web({ "https://public.test/": "https://cdn.test/", "https://cdn.test/": "http://10.0.0.1/" });
  await assert.rejects(follow(site, new Request("https://public.test/")), /not a public address/);
});

Deno.test("bodies of redirects are given up", async () => {
  let cancelled = 0;
  const answers = [
    new Response(new ReadableStream({ cancel: () => void cancelled++ }), {
      status: 302,
      headers: { location: "/b" },
    }),
    new Response("here"),
  ];
  const response = await follow(
    { fetch: () => Promise.resolve(answers.shift()!) },
    new Request("https://public.test/a"),
  );
  assert.equal(await response.text(), "here");
  assert.equal(cancelled, 1);
});
