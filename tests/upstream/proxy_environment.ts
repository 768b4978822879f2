// Run by egress_test.ts as a program of its own, since a proxy in the environment is read when Deno starts.
import { openEgress } from "../../src/upstream/egress.ts";

const egress = openEgress({});
for (const url of Deno.args) console.log(await (await egress.fetch(new Request(url))).text());
egress.close();
