/**
 * A process of its own with a store. `stage ROOT KEY LENGTH` stages that many bytes with a resume record, says so, and
 * waits to be killed. `commit ROOT NAME ROUNDS` keeps that many bodies under common and under own keys, and ends.
 */
import { createFsStore } from "../../src/store/fs_store.ts";
import { noEvents } from "../../src/observe/events.ts";
import { noLog } from "../../src/observe/log.ts";
import type { Store } from "../../src/store/store.ts";
import { bytesOf, entryOf, recordOf, selectorOf, writeStaged } from "./store_fixture.ts";

const commands: Record<string, (store: Store, ...args: string[]) => Promise<void>> = {
  async stage(store, key = "", length = "") {
    const body = bytesOf(key, Number(length));
    const staged = await store.stage(selectorOf(key));
    await staged.reserve(body.byteLength);
    writeStaged(staged, body);
    await staged.saveRecord(recordOf(selectorOf(key), body));
    console.log("staged");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },

  async commit(store, name = "", rounds = "") {
    console.log("ready");
    for (let round = 0; round < Number(rounds); round++) {
      for (const key of [`/common/${round}`, `/${name}/${round}`]) {
        const body = bytesOf(key, 2000 + round);
        const staged = await store.stage(selectorOf(key));
        await staged.reserve(body.byteLength);
        writeStaged(staged, body);
        await store.commit(staged, entryOf(selectorOf(key), body));
      }
    }
    console.log("done");
  },
};

const [command = "", root = "", ...args] = Deno.args;
const store = createFsStore({
  ...{ root, maxBytes: null, minFreeBytes: 0, memoryBytes: 0, log: noLog, events: noEvents },
});
await commands[command]!(store, ...args);
Deno.exit(0);
