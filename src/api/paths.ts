/** The beginning of all paths of this version of the API. */
export const base = "/-/api/v1";

/** Where pages find the events without knowing of versions. */
export const events = "/-/events";

const everyVersion = "/-/api";

/** True for a path of the API, of any version, whether there is something at it or not. */
export function isApi(path: string): boolean {
  return path === everyVersion || path.startsWith(`${everyVersion}/`) || path === events;
}
