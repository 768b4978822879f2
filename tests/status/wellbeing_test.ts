import assert from "node:assert/strict";
import type { ProblemGroup } from "../../src/status/problem_group.ts";
import type { UpstreamState, UpstreamStatus } from "../../src/status/status.ts";
import { judge } from "../../src/status/wellbeing.ts";

const now = 1_000_000_000;
const well = { upstreams: [], problems: [], notReady: null, isOffline: false, warnings: [] };

function upstreams(...states: readonly UpstreamState[]): readonly UpstreamStatus[] {
  return states.map((state, at) => ({
    ...{
      origin: `https://${"abcdefg"[at]}.example`,
      backends: ["files"],
      state,
      failingSince: null,
      lastErrorAt: null,
    },
    ...{ lastError: state === "down" ? "it is silent" : null, lastAnswerAt: null, requests: 0, failures: {} },
    ...{ retries: 0, firstByteMs: null, quota: null, login: "none" },
  }));
}

const refusing = upstreams("answers").map((one) => ({ ...one, login: "refused" as const }));

/** Hosts that clients or upstreams have named. */
const others = upstreams("down", "answers").map((one) => ({ ...one, origin: "https://x.example", backends: [] }));

function problem(lastAt: number, backend = "files", code = "cache_full", title = ""): ProblemGroup {
  const texts = { code, title: title || "The limits of the cache leave no room", advice: "", message: "" };
  return { ...texts, backend, count: 1, firstAt: 0, lastAt, path: "", requestId: "" };
}

const cases: readonly [facts: Partial<Parameters<typeof judge>[0]>, wellbeing: string, sentence: RegExp][] = [
  [{}, "well", /^All is well\.$/],
  [{ upstreams: upstreams("answers", "unknown") }, "well", /^All is well\.$/],
  [{ isOffline: true, upstreams: upstreams("down") }, "well", /the vault is offline and serves what is cached/],
  [{ warnings: ["a"] }, "troubled", /something to look at in its configuration/],
  [{ problems: [problem(now - 299_000)] }, "troubled", /^In the last minutes: the limits .* no room \(files\)\.$/],
  [{ problems: [problem(now - 299_000, "")] }, "troubled", /no room\.$/],
  [
    {
      problems: [
        problem(now - 1000, "", "unknown_route", "Clients ask for nothing"),
        problem(now - 2000, "files", "upstream_failed", "An upstream failed"),
        problem(now - 3000),
        problem(now - 301_000, "", "internal", "A fault"),
      ],
    },
    "troubled",
    /^In the last minutes: the limits of the cache leave no room \(files\), and 2 other problems\.$/,
  ],
  [{ upstreams: others }, "troubled", /^https:\/\/x\.example does not answer \(it is silent\); what is cached/],
  [
    { upstreams: [...others, ...upstreams("down")] },
    "failing",
    /^https:\/\/a\.example and another upstream do not answer/,
  ],
  [{ problems: [problem(now - 301_000)] }, "well", /^All is well\.$/],
  [{ upstreams: refusing, warnings: ["a"] }, "troubled", /^https:\/\/a\.example does not accept the credentials/],
  [{ upstreams: refusing, isOffline: true }, "well", /the vault is offline/],
  [{ upstreams: upstreams("slow"), warnings: ["a"] }, "troubled", /^https:\/\/a\.example does not answer well/],
  [{ upstreams: upstreams("failing", "slow") }, "troubled", /^https:\/\/a\.example and another upstream do not answer/],
  [{ upstreams: upstreams("slow", "down") }, "failing", /^https:\/\/b\.example does not answer \(it is silent\); what/],
  [{ upstreams: upstreams("down", "down", "down") }, "failing", /a\.example and 2 other upstreams do not answer/],
  [
    { notReady: "the disk is full", upstreams: upstreams("down") },
    "failing",
    /^The vault is not ready: the disk is full\.$/,
  ],
];

Deno.test("how the vault is, in a word and in a sentence: the worst comes first", () => {
  for (const [facts, wellbeing, sentence] of cases) {
    const judged = judge({ ...well, ...facts }, now);
    assert.equal(judged.wellbeing, wellbeing, judged.sentence);
    assert.match(judged.sentence, sentence);
  }
});
