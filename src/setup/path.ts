import type { ClientSetup, VaultAddress } from "./client_setup.ts";

/** The list of clients; a client's script is below it. */
export const setupPath = "/-/setup";

/** True for the list of clients and for their scripts. */
export function isSetupPage(path: string): boolean {
  return path === setupPath || path.startsWith(`${setupPath}/`);
}

/** The URL of a client's script, which a vault has where it serves the client at that prefix. */
export function scriptUrl({ name, backend }: ClientSetup, { url, prefix }: VaultAddress): string {
  return `${url}${setupPath}/${name}${backend === null ? "" : `?prefix=${prefix === "" ? "/" : prefix}`}`;
}
