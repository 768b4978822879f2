/** The beginning of all paths of this version of the API. */
export const base = "/-/api/v1";

/** Where pages find the events without knowing of versions. */
export const events = "/-/events";
