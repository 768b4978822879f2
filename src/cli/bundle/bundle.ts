import type { Group } from "../command.ts";
import { exporting } from "./export.ts";
import { have } from "./have.ts";
import { importing } from "./import.ts";
import { key } from "./key.ts";
import { ls } from "./ls.ts";
import { verify } from "./verify.ts";

/** What carries the content of a cache to another vault. */
export const bundle: Group = {
  name: "bundle",
  summary: "Carry what is cached to another vault, as to a site without internet",
  examples: [
    "artifact-vault bundle export bundle.tar --config config.yml --sign vault.pem",
    "artifact-vault bundle import bundle.tar --config config.yml --trust vault.pub.pem",
  ],
  commands: [exporting, importing, verify, ls, have, key],
};
