import type { Job } from "../api/jobs.ts";
import { base } from "../api/paths.ts";
import { escapedPattern } from "../inventory/pattern.ts";
import type { OwnPages, OwnRequestInfo } from "../server/own_pages.ts";
import type { Reply } from "../server/reply.ts";

const maxFormBytes = 64 * 1024;
/** A change that takes longer goes on, and the page of the entry says so. */
const patienceMs = 2000;
const lookEveryMs = 25;

interface Change {
  /** The body of the API's request. */
  bodyOf(name: string): unknown;
  /** What the client is told once it is made; where it is a job, while that runs. */
  readonly told: string;
  /** True for what takes a while. */
  readonly isJob: boolean;
}

/** A pin that was made elsewhere may have the name as it is. */
const unpinned = (name: string) => ({ patterns: [...new Set([escapedPattern(name), name])] });
const exactly = (name: string) => ({ patterns: [escapedPattern(name)] });

const changes: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["purge", { bodyOf: exactly, told: "It is being removed.", isJob: true }],
  ["pin", { bodyOf: exactly, told: "It is pinned: it is not evicted any more.", isJob: false }],
  ["unpin", { bodyOf: unpinned, told: "It is not pinned any more.", isJob: false }],
  ["revalidate", { bodyOf: (name) => ({ names: [name] }), told: "Upstream is being asked about it.", isJob: true }],
]);

/** What is said on the page of an entry about a change to it. */
export interface Notice {
  readonly text: string;
  readonly mood: "good" | "warn" | "bad";
  /** True while it is not known yet what has come of the change. */
  readonly isOpen: boolean;
}

/** What has come of the change that a form asked for. */
export type Made =
  /** The job is empty where the change is made already. */
  | { readonly kind: "begun"; readonly name: string; readonly change: string; readonly job: string }
  | { readonly kind: "refused"; readonly name: string; readonly status: number; readonly detail: string };

/** Who asks the API for a change, and how. */
export interface Asker {
  readonly api: OwnPages;
  readonly headers: Headers;
  readonly info: OwnRequestInfo;
}

/** Makes the change that the form of a page asks for, by the API. Waits a moment for what takes a while. */
export async function makeChange(asker: Asker): Promise<Made> {
  const bytes = await asker.info.readBody(maxFormBytes) ?? undefined;
  const form = new URLSearchParams(new TextDecoder().decode(bytes));
  const name = form.get("name") ?? "";
  const wish = form.get("change") ?? "";
  const change = changes.get(wish);
  if (change === undefined || name === "") {
    const detail = "The form names no entry, or no change that there is.";
    return { kind: "refused", name, status: 400, detail };
  }
  const reply = await askApi(asker, ["POST", `/${wish}`], change.bodyOf(name));
  const { id = "", detail = "The API does not say why." } = jsonOf(reply) as Partial<Job> & { detail?: string };
  if (reply.status >= 300) return { kind: "refused", name, status: reply.status, detail };
  const until = performance.now() + patienceMs;
  const isWaiting = () => performance.now() < until && !asker.info.signal.aborted;
  while (id !== "" && isWaiting() && (await findJob(asker, id))?.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return { kind: "begun", name, change: wish, job: id };
}

/** What is said about a change, by the parameters of the address that `makeChange` leads to; null for none. */
export async function noticeOf(query: URLSearchParams, asker: () => Promise<Asker>): Promise<Notice | null> {
  const change = changes.get(query.get("done") ?? "");
  if (change === undefined) return null;
  const { told, isJob } = change;
  if (!isJob) return { text: told, mood: "good", isOpen: false };
  const id = query.get("job") ?? "";
  if (!/^[\w-]{1,40}$/.test(id)) return null;
  const job = await findJob(await asker(), id);
  return job === null ? null : noticeOfJob(job, told);
}

function noticeOfJob({ kind, state, result, error }: Job, told: string): Notice {
  if (state === "running") return { text: told, mood: "warn", isOpen: true };
  if (result === null) return { text: `That was not done. ${error ?? ""}`.trim(), mood: "bad", isOpen: false };
  if (kind !== "revalidate") return { text: "It has been removed.", mood: "good", isOpen: false };
  const entries = (result as { entries?: readonly Asked[] }).entries ?? [];
  const texts = new Set(entries.map(({ outcome, reason }) => (outcomes[outcome] ?? String)(reason)));
  const isGood = entries.every(({ outcome }) => outcome === "revalidated" || outcome === "fetched");
  return { text: [...texts].join(" "), mood: isGood ? "good" : "warn", isOpen: false };
}

/** What has come of asking upstream about a variant. */
interface Asked {
  readonly outcome: string;
  readonly reason: string;
}

const outcomes: Readonly<Partial<Record<string, (reason: string) => string>>> = {
  revalidated: () => "Upstream has been asked: it has not changed.",
  fetched: () => "Upstream has been asked, and what it sent is stored.",
  stale: () => "Upstream was asked and did not answer well: what is cached stays as it is.",
  failed: (reason) => `Upstream could not be asked, and what is cached stays as it is: ${reason}`,
  skipped: (reason) => `Upstream was not asked: ${reason}.`,
};

/** Null where it is not known, or not for this client. */
async function findJob(asker: Asker, id: string): Promise<Job | null> {
  const reply = await askApi(asker, ["GET", `/jobs/${id}`]);
  return reply.status === 200 ? jsonOf(reply) as Job : null;
}

async function askApi({ api, headers, info }: Asker, [method, path]: [string, string], body?: unknown): Promise<Reply> {
  const json = new Headers(headers);
  json.set("content-type", "application/json");
  json.delete("if-none-match");
  const bytes = body === undefined ? null : new TextEncoder().encode(JSON.stringify(body));
  const asked = { client: info.client, signal: info.signal, readBody: () => Promise.resolve(bytes) };
  const reply = await api.answer(method, { origin: "", path: base + path, query: "" }, json, asked);
  if (reply === null) throw new Error(`The API has no ${path}`);
  return reply;
}

function jsonOf({ body }: Reply): unknown {
  return body instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(body)) : {};
}
