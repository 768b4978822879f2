import { Hub } from "./hub.ts";
import type { Storage } from "./hub_file.ts";

/** A Hub in a process of its own, with one model `acme/m`: how it stores it, how many files, how many bytes each. */
const [storage = "lfs", files = "1", sizeBytes = "1000"] = Deno.args;
const hub = new Hub();
const names = Array.from({ length: Number(files) }, (_, at) => `model-${String(at).padStart(5, "0")}.safetensors`);
hub.addRepo("acme/m").commit(Object.fromEntries(
  names.map((name, at) => [
    name,
    { storage: storage as Storage, content: { sizeBytes: Number(sizeBytes), seed: at + 1 } },
  ]),
));
// The digests are taken now, not while somebody waits.
await (await fetch(`${hub.url}/api/models/acme/m/tree/main?recursive=true`)).body?.cancel();
console.log(`the Hub is at ${hub.url}`);
