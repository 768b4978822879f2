import type { Credentials } from "../upstream/credentials.ts";

/** What a configuration says of who the vault is somewhere. */
export interface ConfiguredCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

/** The credentials that every request to an upstream carries. */
export function credentialsOf({ username, password, token }: ConfiguredCredentials): Credentials {
  if (token !== undefined) return { kind: "bearer", token };
  return username === undefined ? { kind: "none" } : { kind: "basic", username, password: password ?? "" };
}
