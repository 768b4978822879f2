import { clientReference, referenceFile } from "./client_reference.ts";

await Deno.writeTextFile(referenceFile, clientReference());
