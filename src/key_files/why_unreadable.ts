import { messageOf } from "../errors.ts";

/** Returns the reason why a file cannot be read, to stand after a colon in a message. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return messageOf(error);
}
