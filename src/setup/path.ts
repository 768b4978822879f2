/** The list of clients; a client's script is below it. */
export const setupPath = "/-/setup";

/** True for the list of clients and for their scripts. */
export function isSetupPage(path: string): boolean {
  return path === setupPath || path.startsWith(`${setupPath}/`);
}
