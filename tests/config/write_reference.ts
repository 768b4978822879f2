import { configurationReference } from "../../src/config/reference.ts";
import { configSchema } from "../../src/configuration.ts";

await Deno.writeTextFile(new URL("../../docs/configuration.md", import.meta.url), configurationReference(configSchema));
