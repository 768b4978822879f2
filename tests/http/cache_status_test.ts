import assert from "node:assert/strict";
import { cacheResult, formatCacheStatus } from "../../src/http/cache_status.ts";

const statuses = [
  { status: { hit: true }, text: "vault; hit", result: "hit" },
  { status: { hit: true, ttlSeconds: -3 }, text: "vault; hit; ttl=-3", result: "hit" },
  { status: { hit: true, detail: "offline" }, text: "vault; hit; detail=offline", result: "hit" },
  {
    status: { hit: false, fwd: "uri-miss", fwdStatus: 200, stored: true, collapsed: true, ttlSeconds: 30, detail: "x" },
    text: "vault; fwd=uri-miss; fwd-status=200; stored; collapsed; ttl=30; detail=x",
    result: "miss",
  },
  {
    status: { hit: false, fwd: "uri-miss", stored: false, collapsed: false },
    text: "vault; fwd=uri-miss",
    result: "miss",
  },
  {
    status: { hit: false, fwd: "stale", fwdStatus: 304 },
    text: "vault; fwd=stale; fwd-status=304",
    result: "revalidated",
  },
  { status: { hit: false, fwd: "stale", fwdStatus: 200 }, text: "vault; fwd=stale; fwd-status=200", result: "miss" },
  {
    status: { hit: false, fwd: "stale", fwdStatus: 503, detail: "stale-if-error" },
    text: "vault; fwd=stale; fwd-status=503; detail=stale-if-error",
    result: "stale",
  },
  { status: { hit: false, fwd: "bypass" }, text: "vault; fwd=bypass", result: "bypass" },
  { status: { hit: true, detail: 'a "b" é' }, text: 'vault; hit; detail="a \\"b\\" ?"', result: "hit" },
] as const;

for (const { status, text, result } of statuses) {
  Deno.test(`Cache-Status: ${text}`, () => {
    assert.equal(formatCacheStatus(status), text);
    assert.equal(cacheResult(status), result);
  });
}
