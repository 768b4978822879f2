import type { DirectAnswer } from "../../backend.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import { type HubRequest, isCommit } from "./request.ts";

export const jsonType = "application/json; charset=utf-8";

/** The code of the Hub for a file or folder that does not exist at a commit. */
export const entryNotFound = "EntryNotFound";

/** Formats an error as the Hub's clients read it: a code and a message in headers. */
export function formatError(error: VaultError, asked: HubRequest): Omit<DirectAnswer, "status"> {
  const code = codeOf(error, asked);
  const { headers, body } = errorParts(code, error.message);
  const isAbsent = isAbsentEntry(error) && asked.kind === "file" && isCommit(asked.revision);
  const ofCommit = isAbsent ? [commitHeader(asked.revision)] : [];
  return { contentType: jsonType, headers: [...headers, ...ofCommit], body };
}

/** The error for a file or folder that does not exist at a commit. */
export function absentEntry(message = "Entry not found"): VaultError {
  return new VaultError("not_found", message, { upstreamStatus: 404, protocolCode: entryNotFound });
}

export function isAbsentEntry(error: unknown): boolean {
  return error instanceof VaultError && error.protocolCode === entryNotFound;
}

/** The commit that a client learns of, by which it stores what it is told. */
export function commitHeader(commit: string) {
  return ["x-repo-commit", commit] as const;
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
  return asked.kind === "file" ? entryNotFound : "RepoNotFound";
}
