import type { HeaderList } from "../http/headers.ts";
import { type Reply, textReply } from "./reply.ts";

/** An error of the API, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  /** A URI reference that names the kind; `about:blank` where the status says it all, also when absent. */
  readonly type?: string;
  /** What kind of problem it is, the same each time; that of the status when absent. */
  readonly title?: string;
  /** What went wrong this time, and what to do. */
  readonly detail: string;
  readonly headers?: HeaderList;
  /** Members besides those of the RFC. */
  readonly more?: Readonly<Record<string, unknown>>;
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Matches the path or URL of the API: its programs read problems, also where a request fails before the API sees it. */
const ofApi = /^(?:https?:\/\/[^/]*)?\/-\/(?:api(?:[/?]|$)|events(?:\?|$))/;

export function readsProblems(shownPath: string): boolean {
  return ofApi.test(shownPath);
}

/** The reply for a problem: `application/problem+json`, not cached. */
export function problemReply(method: string, { status, type, title, detail, headers, more }: Problem): Reply {
  const body = { type: type ?? "about:blank", title: title ?? titles[status] ?? "Error", status, detail, ...more };
  return textReply(method, `${JSON.stringify(body)}\n`, {
    status,
    contentType: "application/problem+json",
    ...headers && { headers },
  });
}

/** The reply to a method that a resource does not have. */
export function wrongMethod(method: string, allowed: readonly string[]): Reply {
  const allow = allowed.join(", ");
  return problemReply(method, {
    status: 405,
    detail: `${method} is not possible here: ${allow} ${allowed.length === 1 ? "is" : "are"}`,
    headers: [["allow", allow]],
  });
}
