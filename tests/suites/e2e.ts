import { addRooms } from "../support/suite.ts";
import { vaultExecutable } from "../support/vault_process.ts";

await addRooms("e2e");
// What is beside the program is the same for each form of it.
if (vaultExecutable === null) await addRooms("deploy", "monitoring");
