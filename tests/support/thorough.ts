import { vaultExecutable } from "./vault_process.ts";

/**
 * Whether what takes long is done in full. CI runs the end-to-end tests twice, and the second time, with the program
 * that people have, is enough for that.
 */
export const isThorough = Deno.env.get("CI") !== "true" || vaultExecutable !== null;
