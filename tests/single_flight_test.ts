import assert from "node:assert/strict";
import { SingleFlight } from "../src/single_flight.ts";

/** Calls that end when the test says so. */
function heldCalls() {
  const calls: PromiseWithResolvers<number>[] = [];
  const call = () => {
    const held = Promise.withResolvers<number>();
    calls.push(held);
    return held.promise;
  };
  return { calls, call };
}

Deno.test("who asks while a call is under way gets its outcome, and there is one call", async () => {
  const flight = new SingleFlight<string, number>();
  const { calls, call } = heldCalls();
  const asked = [1, 2, 3].map(() => flight.run("a", call));
  assert.equal(flight.has("a"), true);
  calls[0]!.resolve(7);
  assert.deepEqual(await Promise.all(asked), [7, 7, 7]);
  assert.equal(calls.length, 1);
});

Deno.test("another key is another call", async () => {
  const flight = new SingleFlight<string, number>();
  const { calls, call } = heldCalls();
  const asked = [flight.run("a", call), flight.run("b", call)];
  assert.equal(calls.length, 2);
  calls[1]!.resolve(2);
  assert.equal(await asked[1], 2);
  assert.equal(flight.has("a"), true);
  assert.equal(flight.has("b"), false);
  calls[0]!.resolve(1);
  assert.equal(await asked[0], 1);
});

Deno.test("who has the outcome and asks again starts a new call", async () => {
  const flight = new SingleFlight<string, number>();
  const { calls, call } = heldCalls();
  const again = flight.run("a", call).then(() => {
    assert.equal(flight.has("a"), false);
    return flight.run("a", call);
  });
  calls[0]!.resolve(1);
  while (calls.length < 2) await new Promise((resolve) => setTimeout(resolve));
  calls[1]!.resolve(2);
  assert.equal(await again, 2);
});

Deno.test("a failure reaches all who asked, and the next one who asks starts a new call", async () => {
  const flight = new SingleFlight<string, number>();
  const { calls, call } = heldCalls();
  const asked = [1, 2].map(() => assert.rejects(flight.run("a", call), /no luck/));
  calls[0]!.reject(new Error("no luck"));
  await Promise.all(asked);
  const next = flight.run("a", call);
  calls[1]!.resolve(2);
  assert.equal(await next, 2);
});

Deno.test("a failure that nobody waits for is no unhandled rejection", async () => {
  const flight = new SingleFlight<string, number>();
  flight.run("a", () => Promise.reject(new Error("nobody waits")));
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(flight.has("a"), false);
});
