import assert from "node:assert/strict";
import type { OpenedBackend } from "../../src/app/backend_set.ts";
import { RetiredBackends } from "../../src/app/retired_backends.ts";
import type { TransferStatus } from "../../src/vault/vault.ts";

/** Waits that the test lets pass. */
class Waits {
  readonly #callbacks = new Set<() => void>();

  after = (_ms: number, callback: () => void): () => void => {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  };

  pass(): void {
    const due = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of due) callback();
  }
}

function fakeBackend(name: string, closed: string[]): OpenedBackend {
  const close = () => void closed.push(name);
  return { backend: { name }, upstreams: { close } } as unknown as OpenedBackend;
}

function transferOf(backend: string, since: number): TransferStatus {
  return { backend, since } as TransferStatus;
}

Deno.test("the connections of a backend that is gone are closed after its last transfer", () => {
  const waits = new Waits();
  const closed: string[] = [];
  const transfers = [transferOf("busy", Date.now())];
  const retired = new RetiredBackends({ transfers: () => transfers, after: waits.after });
  retired.retire([fakeBackend("busy", closed), fakeBackend("idle", closed)]);
  assert.deepEqual(closed, [], "a request may be about to begin a transfer");
  waits.pass();
  assert.deepEqual([closed, retired.count], [["idle"], 1]);
  waits.pass();
  assert.deepEqual(closed, ["idle"]);
  // The transfer of a new backend of this name.
  transfers[0] = transferOf("busy", Date.now() + 3_600_000);
  waits.pass();
  assert.deepEqual([closed, retired.count], [["idle", "busy"], 0]);
});

Deno.test("when the program ends, all are closed at once", () => {
  const closed: string[] = [];
  const waits = new Waits();
  const retired = new RetiredBackends({ transfers: () => [], after: waits.after });
  retired.retire([fakeBackend("one", closed)]);
  retired.close();
  waits.pass();
  assert.deepEqual(closed, ["one"]);
});
