/** Why the body of an entry is not fetched again by itself. */
export const notAskedFor = "no client asks for it by this name; it comes when it is needed";
