import { z } from "zod";
import { choice, duration, flag, glob, oneOrMore, secret } from "../../config/value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";

const rule = z.strictObject({
  match: glob(/./, {
    a: "a path pattern",
    hint: 'write for example "**/*.jar"',
    normalised: (text) => text.replace(/^\//, ""),
  })
    .describe("Pattern for the path below the prefix: * within a segment, ** across segments."),
  immutable: flag().optional().describe("Never ask upstream again once a copy is cached."),
  ttl: duration({ forever: true }).optional().describe("How long a copy counts as fresh."),
}).transform((rule, context) => {
  const { match, immutable, ttl } = rule;
  if (immutable === true && ttl === undefined) return { match, immutable };
  if (immutable === undefined && ttl !== undefined) return { match, ttl };
  context.issues.push({ code: "custom", message: "write either immutable: true or ttl: 5m", input: rule });
  return z.NEVER;
});

const headers = z.record(z.string(), secret()).superRefine((headers, context) => {
  for (const name of Object.keys(headers)) {
    if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) continue;
    context.addIssue({ code: "custom", path: [name], message: "is not a header name" });
  }
}, { when: () => true });

/** The keys only `http` has. */
const httpKeys = {
  base_url: oneOrMore(upstreamUrl()).describe("URL of the upstream, or a list of equivalent ones tried in order."),
  ...credentialKeys,
  headers: headers.optional().describe("Further headers sent upstream, such as {X-Api-Key: ${API_KEY}}."),
  ttl: duration({ forever: true }).optional().describe(
    "How long every copy counts as fresh; without it, what the upstream's headers say.",
  ),
  rules: z.array(rule).prefault([]).describe("Freshness by path, before ttl; the first matching rule wins."),
  web_pages: choice("refuse", "allow").prefault("refuse").describe(
    "What a web page is that comes in place of another file (by its name, the cached copy or the client's Accept): " +
      "refuse it as an outage, or allow it as the new content.",
  ),
  upstream_errors: choice("explain", "pass_on").prefault("explain").describe(
    "What a client gets where the upstream answers with an error and no copy is served: explain it in the vault's words, " +
      "or pass_on the upstream's own status, headers and body.",
  ),
};

/** Any web server: files by path, fresh as its headers, `ttl` or `rules` say. */
export const schema = backendSchema(
  ["http"],
  z.strictObject({ ...backendKeys, ...httpKeys }).superRefine(checkCredentials, { when: () => true }),
);

/** A backend of this type in a checked configuration. */
export type HttpConfig = Configured<typeof schema>;
