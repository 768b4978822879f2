import { HashThread } from "../../src/vault/hashing/hash_thread.ts";

/** The thread of all vaults that tests open in this process: to start one takes longer than most tests take. */
export const hashThread = new HashThread();
