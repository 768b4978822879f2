import type { z } from "zod";
import { secret, secretFile, text } from "./value_types.ts";

/** The keys for the vault's credentials at an upstream. */
export const credentialKeys = {
  username: text().optional().describe("For Basic authentication at the upstream."),
  password: secret({ empty: true }).optional().describe(
    'For Basic authentication at the upstream; "" for a login that has none.',
  ),
  password_file: secretFile().optional().describe(
    "File with the password instead, read again when it changes.",
  ),
  token: secret().optional().describe("For Bearer authentication at the upstream."),
  token_file: secretFile().optional().describe("File with the token instead, read again when it changes."),
};

/** The values of `credentialKeys`. */
export type CredentialValues = z.output<z.ZodObject<typeof credentialKeys>>;

/** True where some credentials are configured. */
export function hasCredentials({ username, token, token_file }: CredentialValues): boolean {
  return [username, token, token_file].some((given) => given !== undefined);
}

/**
 * Reports what is wrong with the credentials among the keys of `config`. It also takes values that failed to parse, so
 * that all problems are reported at once.
 */
export function checkCredentials(config: unknown, context: z.core.$RefinementCtx): void {
  checkCredentialsAt([], config, context);
}

/** Checks credentials at `path`, seen from where the check runs. */
export function checkCredentialsAt(path: readonly string[], config: unknown, context: z.core.$RefinementCtx): void {
  const wrong = (key: string, message: string) => context.addIssue({ code: "custom", path: [...path, key], message });
  if (typeof config !== "object" || config === null) return;
  const isGiven = (key: string) => (config as Readonly<Record<string, unknown>>)[key] !== undefined;
  const excludes = (key: string, other: string) => {
    if (isGiven(key) && isGiven(other)) wrong(key, `${key} and ${other} exclude each other; keep one`);
  };
  excludes("token", "username");
  excludes("token_file", "username");
  excludes("token_file", "token");
  excludes("password_file", "password");
  if (isGiven("username")) {
    const isComplete = ["password", "password_file", "token", "token_file"].some(isGiven);
    if (!isComplete) wrong("username", 'a username needs a password; write password: "" if it has none');
    return;
  }
  for (const key of ["password", "password_file"]) if (isGiven(key)) wrong(key, "a password needs a username");
}
