import { configurationReference } from "../../src/config/reference.ts";

await Deno.writeTextFile(new URL("../../docs/configuration.md", import.meta.url), configurationReference());
