import type { ProtocolCredentials } from "../../../upstream/credentials.ts";
import { type RegistryAccess, withTokens } from "./token_fetch.ts";

/** Credentials that are sent as the registry's 401 asks for them (`withTokens`). */
export function registryCredentials(access: RegistryAccess): ProtocolCredentials {
  const { login, token, authUrl } = access;
  return {
    kind: "protocol",
    // Anonymous tokens are for everyone.
    isConfidential: login !== undefined || token !== undefined,
    urls: authUrl === undefined ? [] : [authUrl],
    authenticate: (fetch, means) => withTokens(fetch, { ...means, access }),
  };
}
