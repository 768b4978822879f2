import assert from "node:assert/strict";
import type { Fetch } from "../../src/artifact.ts";
import { VaultError } from "../../src/errors.ts";
import { noLog } from "../../src/observe/log.ts";
import { UpstreamHealth, withHealth } from "../../src/upstream/health.ts";
import { ManualClock } from "./clocks.ts";

type Step = Error | number;

const refused = () => new TypeError("client error (Connect): tcp connect error: Connection refused (os error 111)");
const closed = () => new TypeError("client error (SendRequest): connection closed before message completed");
const silent = () => new VaultError("upstream_silent", "no answer");
const untrusted = () => new TypeError("client error (Connect): invalid peer certificate: UnknownIssuer");
const unknown = () => new TypeError("client error (Connect): dns error: failed to lookup address information");

/** A host whose answers the test gives, with all that is logged about it. */
function host(next: Step = 200) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = {
    ...noLog,
    info: (line: string) => void lines.push(`INFO ${line}`),
    warning: (line: string) => void lines.push(`WARNING ${line}`),
  };
  const health = new UpstreamHealth({ log, slowMs: 2000, clock });
  const sent: string[] = [];
  const waiting: PromiseWithResolvers<Step>[] = [];
  const scene = { next, hold: false };
  const upstream: Fetch = async ({ url }) => {
    sent.push(url);
    let step = scene.next;
    if (scene.hold) {
      const answer = Promise.withResolvers<Step>();
      waiting.push(answer);
      step = await answer.promise;
    }
    if (step instanceof Error) throw step;
    return new Response(null, { status: step });
  };
  const fetch = withHealth(upstream, health);
  return {
    ...{ scene, clock, lines, health, sent, waiting },
    /** The status, or the code or name of the error. */
    ask: (path: string): Promise<unknown> =>
      fetch(new Request(`https://up.test${path}`)).then(({ status }) => status, (error) => error.code ?? error.name),
    fetch: (path: string) => fetch(new Request(`https://up.test${path}`)),
    isAnswering: () => health.isAnswering("https://up.test/any"),
  };
}

Deno.test("silence: misses are refused at once until a probe is due, one at a time; then all is well again", async () => {
  const { ask, fetch, clock, sent, lines, scene, waiting, isAnswering, health } = host();
  scene.hold = true;
  const first = ask("/a");
  clock.advance(30_000);
  waiting[0]!.resolve(silent());
  assert.equal(await first, "upstream_silent");
  await assert.rejects(fetch("/b"), { code: "upstream_down", status: 502, retryAfterSeconds: 1 });
  assert.equal(sent.length, 1);
  assert.equal(isAnswering(), false);

  clock.advance(1000);
  assert.ok(health.isProbeDue("https://up.test/"));
  const probe = ask("/b");
  assert.ok(!health.isProbeDue("https://up.test/"));
  assert.deepEqual(await Promise.all([ask("/c"), ask("/d")]), ["upstream_down", "upstream_down"]);
  waiting[1]!.resolve(404);
  assert.equal(await probe, 404);
  assert.ok(isAnswering());
  scene.hold = false;
  assert.equal(await ask("/c"), 200);
  assert.equal(sent.length, 3);
  assert.equal(lines.filter((line) => line.startsWith("WARNING")).length, 1);
  assert.match(lines.at(-1)!, /^INFO Upstream "https:\/\/up\.test" answers again, after 1 s/);
  assert.equal(lines.length, 2);
});

Deno.test("a probe that hangs does not keep the next one back for longer than seconds", async () => {
  const { ask, clock, scene, waiting, sent } = host();
  scene.hold = true;
  const asked = [ask("/a")];
  clock.advance(30_000);
  waiting[0]!.resolve(silent());
  await asked[0];
  clock.advance(1000);
  asked.push(ask("/b"));
  clock.advance(5000);
  asked.push(ask("/c"));
  assert.equal(sent.length, 3);
  waiting[2]!.resolve(200);
  assert.equal(await asked[2], 200);
  waiting[1]!.resolve(silent());
  await asked[1];
  scene.hold = false;
  assert.equal(await ask("/d"), 200, "a silence that others outlived says nothing");
});

Deno.test("probes that fail make the rests longer, up to 5 s", async () => {
  const { ask, clock, sent } = host(refused());
  for (let i = 0; i < 4; i++) {
    assert.equal(await ask("/a"), "TypeError");
    clock.advance(400);
  }
  const rests: number[] = [];
  let since = clock.now() - 400;
  for (const count of [5, 6, 7, 8, 9]) {
    while (sent.length < count) {
      await ask("/a");
      if (sent.length < count) clock.advance(100);
    }
    rests.push(Math.round((clock.now() - since) / 100) / 10);
    since = clock.now();
  }
  assert.deepEqual(rests, [1, 2, 4, 5, 5]);
});

Deno.test("one refused connection: copies are served unasked, but a miss is still tried", async () => {
  const { ask, isAnswering, scene, sent, lines } = host(refused());
  assert.equal(await ask("/a"), "TypeError");
  assert.equal(isAnswering(), false);
  assert.equal(lines.length, 1);
  assert.equal(isAnswering(), false);
  assert.equal(lines.length, 1, "one warning, not one for each copy");
  scene.next = 200;
  assert.equal(await ask("/b"), 200);
  assert.ok(isAnswering());
  assert.equal(sent.length, 2);
});

Deno.test("a moment of refusals is no outage: what fails for less than a second goes on being tried", async () => {
  const { ask, scene, clock } = host(refused());
  for (let i = 0; i < 20; i++) assert.equal(await ask(`/${i}`), "TypeError");
  clock.advance(500);
  scene.next = 200;
  assert.equal(await ask("/a"), 200);
});

for (const [name, step] of [["500", 500], ["503", 503], ["a closed connection", closed()]] as const) {
  Deno.test(`${name} for one URL says nothing about the others, for several it does`, async () => {
    const { ask, scene, clock, isAnswering, health, sent } = host(step);
    for (let i = 0; i < 20; i++) {
      await ask("/broken");
      clock.advance(1000);
    }
    assert.equal(sent.length, 20);
    assert.ok(isAnswering());
    scene.next = 200;
    assert.equal(await ask("/good"), 200);
    scene.next = step;
    for (const path of ["/a", "/b", "/c", "/d"]) {
      await ask(path);
      clock.advance(400);
    }
    assert.equal(isAnswering(), false);
    assert.ok(health.isFailing("https://up.test/e"));
  });

  Deno.test(`${name} for URLs that somebody chooses keeps nobody from the others`, async () => {
    const { ask, scene, clock, isAnswering, sent } = host(step);
    for (let i = 0; i < 40; i++) {
      await ask(`/broken?${i}`);
      clock.advance(100);
    }
    assert.equal(sent.length, 40);
    assert.equal(isAnswering(), false);
    scene.next = 200;
    assert.equal(await ask("/good"), 200);
    assert.ok(isAnswering());
  });
}

for (const [name, step] of [["404", 404], ["401", 401], ["429", 429], ["a certificate", untrusted()]] as const) {
  Deno.test(`${name} is no outage`, async () => {
    const { ask, clock, isAnswering, sent } = host(step);
    for (let i = 0; i < 10; i++) {
      await ask(`/${i}`);
      clock.advance(1000);
    }
    assert.ok(isAnswering());
    assert.equal(sent.length, 10);
  });
}

Deno.test("429 is no recovery either", async () => {
  const { ask, scene, isAnswering } = host(refused());
  await ask("/a");
  scene.next = 429;
  assert.equal(await ask("/a"), 429);
  assert.equal(isAnswering(), false);
});

Deno.test("who answers slowly is not waited for with a copy at hand, and answers again as soon as it does", async () => {
  const { ask, scene, clock, isAnswering, waiting } = host();
  scene.hold = true;
  const slow = ask("/slow");
  clock.advance(1999);
  assert.ok(isAnswering());
  clock.advance(1);
  assert.equal(isAnswering(), false);
  waiting[0]!.resolve(200);
  assert.equal(await slow, 200);
  assert.ok(isAnswering());
});

Deno.test("one slow URL of a host that answers others is no silence", async () => {
  const { ask, scene, clock, isAnswering, waiting } = host();
  scene.hold = true;
  const slow = ask("/slow");
  scene.hold = false;
  clock.advance(1000);
  assert.equal(await ask("/quick"), 200);
  clock.advance(29_000);
  assert.ok(isAnswering());
  waiting[0]!.resolve(silent());
  assert.equal(await slow, "upstream_silent");
  assert.equal(await ask("/quick"), 200);
});

Deno.test("a request that its own client gave up says nothing", async () => {
  const { health, isAnswering } = host();
  const leaving = new AbortController();
  const fetch = withHealth(() => {
    leaving.abort();
    return Promise.reject(refused());
  }, health);
  await assert.rejects(fetch(new Request("https://up.test/a", { signal: leaving.signal })));
  assert.ok(isAnswering());
});

Deno.test("hosts are told apart, and listed", async () => {
  const { ask, health } = host(refused());
  await ask("/a");
  assert.ok(health.isAnswering("https://other.test/a"));
  assert.ok(!health.isAnswering("https://up.test/a"));
  assert.deepEqual([...health.hosts()], [
    { origin: "https://up.test", isUp: false, state: "failing", failingSince: 0 },
  ]);
});

Deno.test("of many hosts the first 200 are counted one by one, and the others together", async () => {
  const { health } = host();
  const fetch = withHealth(() => Promise.resolve(new Response(null, { status: 503 })), health);
  for (let number = 0; number < 203; number++) await fetch(new Request(`https://up-${number}.test/a`));
  assert.equal([...health.hosts()].length, 203);
  assert.equal([...health.countedHosts()].length, 200);
  assert.equal([...health.statistics].length, 201);
  assert.equal(health.statistics.find("others")?.requests, 3);
  assert.match(health.statistics.exposition(), /^vault_upstream_first_byte_seconds_count\{upstream="others"\} 3$/m);
});

Deno.test("the log says what to set where a host cannot be found without a proxy", async () => {
  for (const [step, advised] of [[unknown(), true], [refused(), false]] as const) {
    const { ask, isAnswering, lines } = host(step);
    await ask("/a");
    isAnswering();
    assert.match(lines[0]!, /^WARNING Upstream "https:\/\/up\.test" does not answer: /);
    assert.equal(lines[0]!.includes('if the way out leads through a proxy, set "proxy"'), advised, lines[0]);
  }
});
