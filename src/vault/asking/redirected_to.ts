import type { Candidate } from "../../artifact.ts";
import { redactUrl } from "../../observe/redact.ts";

/** An answer, and the candidate that gave it. */
export interface AnswerOf {
  readonly candidate: Pick<Candidate, "url">;
  readonly response: Response;
}

/** Returns the URL that redirects led to, without credentials and query; undefined where there were none. */
export function redirectedTo({ candidate, response }: AnswerOf): string | undefined {
  if (response.url === "" || response.url === candidate.url) return undefined;
  const url = new URL(response.url);
  url.search = "";
  return url.href === candidate.url ? undefined : redactUrl(url.href);
}
