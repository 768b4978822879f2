import { base } from "../api/paths.ts";
import { escapedPattern } from "../inventory/pattern.ts";
import type { OwnPages, OwnRequestInfo } from "../server/own_pages.ts";
import { problemReply } from "../server/problem.ts";
import { type Reply, textReply } from "../server/reply.ts";
import { entryPath } from "./paths.ts";

const maxFormBytes = 64 * 1024;

interface Change {
  /** The body of the API's request. */
  bodyOf(name: string): unknown;
  /** What the client is told then. */
  readonly done: string;
}

const changes: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["purge", { bodyOf: (name) => ({ patterns: [escapedPattern(name)] }), done: "It is being removed." }],
  ["pin", { bodyOf: (name) => ({ patterns: [name] }), done: "It is pinned: it is not evicted any more." }],
  ["unpin", { bodyOf: (name) => ({ patterns: [name] }), done: "It is not pinned any more." }],
  ["revalidate", { bodyOf: (name) => ({ names: [name] }), done: "Upstream is being asked about it." }],
]);

/** What is said on the page of an entry after a change; null where there was none. */
export function doneNotice(change: string | null): string | null {
  return changes.get(change ?? "")?.done ?? null;
}

/**
 * Makes the change that the form of a page asks for, by the API, and leads back to the page of the entry. Returns the
 * API's problem where it is refused.
 */
export async function makeChange(api: OwnPages, headers: Headers, info: OwnRequestInfo): Promise<Reply> {
  const form = new URLSearchParams(new TextDecoder().decode(await info.readBody(maxFormBytes) ?? undefined));
  const name = form.get("name") ?? "";
  const wish = form.get("change") ?? "";
  const change = changes.get(wish);
  if (change === undefined || name === "") {
    return problemReply("POST", { status: 400, detail: "The form names no entry, or no change that there is" });
  }
  const json = new Headers(headers);
  json.set("content-type", "application/json");
  const bytes = new TextEncoder().encode(JSON.stringify(change.bodyOf(name)));
  const asked = { client: info.client, signal: info.signal, readBody: () => Promise.resolve(bytes) };
  const reply = await api.answer("POST", { origin: "", path: `${base}/${wish}`, query: "" }, json, asked);
  if (reply === null || reply.status >= 300) {
    return reply ?? problemReply("POST", { status: 404, detail: "There is no such change" });
  }
  return textReply("POST", `${change.done}\n`, {
    status: 303,
    headers: [["location", `${entryPath(name)}?done=${wish}`]],
  });
}
