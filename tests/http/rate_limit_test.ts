import assert from "node:assert/strict";
import { parseRateLimit, type RateLimit } from "../../src/http/rate_limit.ts";

const unnamed = { name: "", resetSeconds: null };
const ofHub = { limit: 500, windowSeconds: 300, name: "api" };

const cases: readonly [name: string, headers: Record<string, string>, expected: RateLimit | null][] = [
  ["Docker Hub's", { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" }, {
    ...{ limit: 100, remaining: 76, windowSeconds: 21600, ...unnamed },
  }],
  ["nothing left", { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" }, {
    ...{ limit: 100, remaining: 0, windowSeconds: 21600, ...unnamed },
  }],
  ["plain numbers", { "ratelimit-limit": "10", "ratelimit-remaining": " 3 " }, {
    ...{ limit: 10, remaining: 3, windowSeconds: null, ...unnamed },
  }],
  ["the window with the limit only", { "ratelimit-limit": "10; w=60", "ratelimit-remaining": "3" }, {
    ...{ limit: 10, remaining: 3, windowSeconds: 60, ...unnamed },
  }],
  ["only what remains", { "ratelimit-remaining": "3;w=60" }, {
    ...{ limit: null, remaining: 3, windowSeconds: 60, ...unnamed },
  }],
  ["only the limit", { "ratelimit-limit": "100;w=21600" }, null],
  ["nonsense", { "ratelimit-limit": "many", "ratelimit-remaining": "-1;w=x" }, null],
  ["none", {}, null],
  ["the Hugging Face Hub's", {
    ...{ ratelimit: '"api";r=489;t=189', "ratelimit-policy": '"fixed window";"api";q=500;w=300' },
  }, { ...ofHub, remaining: 489, resetSeconds: 189 }],
  ["the same with spaces, and nothing left", {
    ...{ ratelimit: ' "api" ; r=0; t=55 ', "ratelimit-policy": '"fixed window"; "api" ;q=500 ;w=300' },
  }, { ...ofHub, remaining: 0, resetSeconds: 55 }],
  ["without its policy", { ratelimit: '"api";r=489' }, {
    ...{ limit: null, remaining: 489, windowSeconds: null, name: "api", resetSeconds: null },
  }],
  ["the policy of another limit", { ratelimit: '"api";r=4', "ratelimit-policy": '"pages";q=500;w=300' }, {
    ...{ limit: null, remaining: 4, windowSeconds: null, name: "api", resetSeconds: null },
  }],
  ["of several limits the one that is used up most", {
    ratelimit: '"hour";r=900;t=100, "minute";r=5;t=10, "unknown";r=7',
    "ratelimit-policy": '"hour";q=1000;w=3600, "minute";q=100;w=60',
  }, { limit: 100, remaining: 5, windowSeconds: 60, name: "minute", resetSeconds: 10 }],
  ["only the policy", { "ratelimit-policy": '"fixed window";"api";q=500;w=300' }, null],
  ["a limit without a name", { ratelimit: "limit=100, remaining=50, reset=50" }, null],
  ["numbers that are none", { ratelimit: '"api";r=-1;t=1, "b";r=1.5, "c";r=1e9, "d";r=9999999999999999' }, null],
];

Deno.test("rate limits as hosts tell of them", () => {
  for (const [name, headers, expected] of cases) assert.deepEqual(parseRateLimit(new Headers(headers)), expected, name);
});
