import { z } from "zod";
import { anyNumberOf, choice, duration, flag, Invalid, value } from "../../config/value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";

/** The public registry by its other name. */
const publicUrl = "https://registry.yarnpkg.com";

const packagePattern = value<string>({
  type: "glob",
  a: "a pattern for names of packages",
  hint: 'write for example "@mycompany/*", without a version',
  read: (input) => typeof input === "string" && /^[\w.*?[\]{},!()|+@~/^-]+$/.test(input) ? input : new Invalid(),
});

const scope = z.strictObject({
  registry_url: upstreamUrl().describe("URL of the registry that has the packages of this scope."),
  ...credentialKeys,
  only: flag().prefault(true).describe(
    "Whether no other registry is ever asked about a package of this scope. With false, one that it does not have comes from registry_url above.",
  ),
}).superRefine(checkCredentials, { when: () => true });

const scopes = z.record(z.string(), scope).superRefine((scopes, context) => {
  if (typeof scopes !== "object" || scopes === null) return;
  const seen = new Set<string>();
  for (const name of Object.keys(scopes)) {
    const isScope = /^@(?![._])[\w.~-]+$/.test(name);
    const isAgain = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    if (isScope && !isAgain) continue;
    const message = isScope
      ? "is a scope that is named above, in another case; remove one of them"
      : 'is not a scope; write for example "@mycompany"';
    context.addIssue({ code: "custom", path: [name], message });
  }
}, { when: () => true });

/** The keys only `npm` has. */
const npmKeys = {
  registry_url: upstreamUrl().prefault(publicUrl).describe("URL of the registry."),
  ...credentialKeys,
  ttl: duration({ forever: true }).prefault("5m").describe(
    "How long the document about a package counts as fresh; then the registry is asked whether it has changed.",
  ),
  scopes: scopes.prefault({}).describe(
    'Registries of scopes: {"@mycompany": {registry_url: https://npm.example.com}}.',
  ),
  min_age: duration({ positive: true }).optional().describe(
    "How long after it was published a version appears, and its tarball is served; without it at once. latest then means the newest one that is old enough.",
  ),
  min_age_except: anyNumberOf(packagePattern).prefault([]).describe(
    "Packages whose versions appear at once even so, such as @mycompany/*.",
  ),
  tarball_urls: choice("auto", "vault", "public").prefault("auto").describe(
    "Where the tarballs are in what clients read, and write into their lock files: at the vault, or at the public registry. auto is public for npm and Deno, which fetch such tarballs from the vault all the same, where public_registry is set.",
  ),
  public_registry: upstreamUrl().optional().describe(
    "The URL by which clients know the public registry: what `npm config get registry` says without any settings. Lock files then work anywhere. Without it public means the URLs that the registry sends.",
  ),
};

/** A registry of npm packages; the public one where no other is named. */
export const schema = backendSchema(
  ["npm"],
  z.strictObject({ ...backendKeys, ...npmKeys }).superRefine(checkCredentials, { when: () => true }).prefault({}),
);

/** A backend of this type in a checked configuration. */
export type NpmConfig = Configured<typeof schema>;
