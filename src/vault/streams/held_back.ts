/** The bytes at the end of a body that are sent only once its digest has been checked. */
export const heldBackBytes = 64 * 1024;
