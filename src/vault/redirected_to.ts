import { redactUrl } from "../observe/redact.ts";
import type { Answer } from "./ask_upstream.ts";

/** Where redirects led to, without credentials and query; undefined where there were none. */
export function redirectedTo({ candidate, response }: Answer): string | undefined {
  if (response.url === "" || response.url === candidate.url) return undefined;
  const url = new URL(response.url);
  url.search = "";
  return url.href === candidate.url ? undefined : redactUrl(url.href);
}
