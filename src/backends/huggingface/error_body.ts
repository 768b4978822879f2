import type { DirectAnswer } from "../../backend.ts";
import type { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { HubRequest } from "./request.ts";

export const jsonType = "application/json; charset=utf-8";

/** Formats an error as the Hub's clients read it: a code and a message in headers. */
export function formatError(error: VaultError, asked: HubRequest): Omit<DirectAnswer, "status"> {
  const code = codeOf(error, asked);
  const { headers, body } = errorParts(code, error.message);
  return { contentType: jsonType, headers, body };
}

/** The answer that an error of the backend's own is. */
export function errorAnswer(status: number, code: string | null, message: string, more: HeaderList = []): DirectAnswer {
  const { headers, body } = errorParts(code, message);
  return { status, contentType: jsonType, headers: [...headers, ...more], body };
}

function errorParts(code: string | null, message: string): Pick<DirectAnswer, "headers" | "body"> {
  // A header has one line, and no characters but those of ASCII for all clients to read it.
  const line = message.replaceAll("…", "...").replace(/[^\x20-\x7e]+/g, " ").slice(0, 1000);
  return {
    headers: [...code === null ? [] : [["x-error-code", code] as const], ["x-error-message", line]],
    body: JSON.stringify({ error: message }),
  };
}

/** Clients take a missing repository for one that they may not see, and a missing file for one that is optional. */
function codeOf({ code, protocolCode, upstreamStatus }: VaultError, asked: HubRequest): string | null {
  if (protocolCode !== undefined) return protocolCode;
  if (code === "denied" && upstreamStatus === 401) return "RepoNotFound";
  if (code !== "not_found" && code !== "gone") return null;
  return asked.kind === "file" ? "EntryNotFound" : "RepoNotFound";
}
