import { z } from "zod";
import { backendKeys, backendSchema } from "../../../src/config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../../src/config/credential_keys.ts";
import { duration } from "../../../src/config/value_types.ts";
import type { Configured } from "../../../src/config/schema.ts";
import { upstreamUrl } from "../../../src/config/urls.ts";

const sumsKeys = {
  base_url: upstreamUrl().describe("URL of the folders."),
  ...credentialKeys,
  ttl: duration({ forever: true }).prefault("5m").describe("How long a list counts as fresh."),
};

export const schema = backendSchema(
  ["sums"],
  z.strictObject({ ...backendKeys, ...sumsKeys }).superRefine(checkCredentials, { when: () => true }),
);

export type SumsConfig = Configured<typeof schema>;
