import type { z } from "zod";
import { secret, text } from "./kinds.ts";

/** Who the vault is at an upstream. */
export const credentialKeys = {
  username: text().optional().describe("For Basic authentication at the upstream."),
  password: secret().optional().describe("For Basic authentication at the upstream."),
  token: secret().optional().describe("For Bearer authentication at the upstream."),
};

/**
 * Adds what is wrong with the credentials among the keys of `config`. It may also be given what failed to parse, so
 * that all problems are reported at once; hence the caution.
 */
export function checkCredentials(config: unknown, context: z.core.$RefinementCtx): void {
  checkCredentialsAt([], config, context);
}

/** The same for keys that stand at `path`, seen from where the check runs. */
export function checkCredentialsAt(path: readonly string[], config: unknown, context: z.core.$RefinementCtx): void {
  const wrong = (key: string, message: string) => context.addIssue({ code: "custom", path: [...path, key], message });
  if (typeof config !== "object" || config === null) return;
  if ("token" in config && "username" in config) wrong("token", "token and username exclude each other; keep one");
  if ("password" in config && !("username" in config)) wrong("password", "a password needs a username");
}
