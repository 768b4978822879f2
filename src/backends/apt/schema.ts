import { z } from "zod";
import { anyNumberOf, duration, oneOrMore } from "../../config/value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import type { Configured } from "../../config/schema.ts";
import { knownUrl, upstreamUrl } from "../../config/urls.ts";

/** The keys only `apt` has. */
const aptKeys = {
  mirror_url: oneOrMore(upstreamUrl()).describe(
    "URL of the repository, as in sources.list, or a list of mirrors of it, tried in order.",
  ),
  ...credentialKeys,
  aliases: anyNumberOf(knownUrl()).prefault([]).describe(
    "Further URLs of the same repository: what clients ask for that have the vault as their proxy. Nothing is fetched from there.",
  ),
  ttl: duration({ forever: true }).prefault("30s").describe(
    "How long a suite's InRelease or Release counts as fresh; then a mirror is asked whether it has changed.",
  ),
};

/** A repository of Debian packages. */
export const schema = backendSchema(
  ["apt"],
  z.strictObject({ ...backendKeys, ...aptKeys }).superRefine(checkCredentials, { when: () => true }),
);

/** A backend of this type in a checked configuration. */
export type AptConfig = Configured<typeof schema>;
