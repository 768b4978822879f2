import type { z } from "zod";
import { VaultError } from "../errors.ts";

/** The error for a query or body that does not fit: what is wrong where, the first three. */
export function wrongInput(error: z.ZodError, where: "query" | "body"): VaultError {
  const wrong = error.issues.slice(0, 3).map(({ path, message }) => {
    const name = path.join(".");
    return name === "" ? message : `${name}: ${message}`;
  });
  const more = error.issues.length > wrong.length ? ` (and ${error.issues.length - wrong.length} more)` : "";
  return new VaultError("bad_request", `The ${where} is not what it should be. ${wrong.join("; ")}${more}`);
}
