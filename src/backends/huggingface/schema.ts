import { z } from "zod";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";
import { choice, duration, glob, integer, oneOrMore, textMatching } from "../../config/value_types.ts";

/** A glob of repositories. */
const repoPattern = glob(/^[\w.*?[\]{},!^/-]+$/, {
  a: "a pattern for repositories",
  hint: "write mycompany/*, datasets/mycompany/* or gpt2",
  normalised: (text) => text.toLowerCase(),
});

const repoType = textMatching(/^[a-z][a-z-]*$/, {
  type: "text",
  a: "a type of repository",
  hint: "write it as it is in URLs of the API: models, datasets, spaces, kernels",
});

const hubKeys = {
  base_url: upstreamUrl().prefault("https://huggingface.co").describe("URL of the Hub, or of another server like it."),
  ...credentialKeys,
  timeout: duration({ positive: true, timer: true }).prefault("60s").describe(
    "How long the Hub may send nothing before it is given up. A file that it has not sent lately may take half a minute.",
  ),
  max_redirects: integer(0, 10).prefault(10).describe("How many redirects of the Hub are followed for one request."),
  ttl: duration({ forever: true }).prefault("5m").describe(
    "How long a branch counts as unchanged; then the Hub is asked which commit it is. What is at a commit never changes.",
  ),
  xet: choice("native", "strip", "pass").prefault("native").describe(
    "For clients with hf_xet: native serves them from the cache by Xet, strip hides Xet so that they use HTTP, pass lets them past the vault.",
  ),
  authorization: choice("vault", "client").prefault("vault").describe(
    "Whose token the Hub gets: the vault's own, for all clients, or that of each client, who then gets what the Hub allows it, cached or not.",
  ),
  allow: oneOrMore(repoPattern).optional().describe(
    "The only repositories that are served, such as mycompany/* or datasets/mycompany/*; all without it.",
  ),
  deny: oneOrMore(repoPattern).optional().describe("Repositories that are not served, also if allow names them."),
  repo_types: oneOrMore(repoType).optional().describe(
    "The only types of repositories that are served, such as models, datasets, spaces; all without it.",
  ),
};

/** The Hugging Face Hub: models, datasets and whatever else it has. */
export const schema = backendSchema(
  ["huggingface"],
  z.strictObject({ ...backendKeys, ...hubKeys }).superRefine(checkKeys, { when: () => true }).prefault({}),
);

/** A backend of this type in a checked configuration. */
export type HuggingfaceConfig = Configured<typeof schema>;

/** Takes values that failed to parse as well, so that all problems are reported at once. */
function checkKeys(config: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void {
  checkCredentials(config, context);
  if (config.authorization !== "client") return;
  for (const key of Object.keys(credentialKeys).filter((key) => config[key] !== undefined)) {
    const message = "is not used with authorization: client; remove one of them";
    context.addIssue({ code: "custom", path: [key], message });
  }
}
