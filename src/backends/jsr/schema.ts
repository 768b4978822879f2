import { z } from "zod";
import { duration } from "../../config/value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";

/** The keys only `jsr` has. */
const jsrKeys = {
  base_url: upstreamUrl().prefault("https://jsr.io").describe("URL of the registry."),
  ...credentialKeys,
  ttl: duration({ forever: true }).prefault("1m").describe(
    "How long the list of a package's versions counts as fresh; all else never changes.",
  ),
};

/** Modules of JSR, for Deno. */
export const schema = backendSchema(
  ["jsr"],
  z.strictObject({ ...backendKeys, ...jsrKeys }).superRefine(checkCredentials, { when: () => true }).prefault({}),
);

/** A backend of this type in a checked configuration. */
export type JsrConfig = Configured<typeof schema>;
