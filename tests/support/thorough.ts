import { vaultExecutable } from "./vault_process.ts";

const isOwnMachine = Deno.env.get("CI") !== "true";

/**
 * Whether what takes long is done in full. CI runs the end-to-end tests twice, side by side, and the one with the program
 * that people have is enough for that.
 */
export const isThorough = isOwnMachine || vaultExecutable !== null;

/** The same for what would make that run much longer than the other, which does it instead, from source. */
export const isThoroughFromSource = isOwnMachine || vaultExecutable === null;
