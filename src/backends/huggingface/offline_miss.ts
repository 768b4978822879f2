import type { OfflineMiss } from "../../backend.ts";
import { nameOfRepo } from "./repo.ts";
import type { HubRequest } from "./request.ts";

/**
 * Says what a client missed; `named` is the backend's name, null where a line means it without. At 410 clients stop at
 * once, and take what they have themselves: a 404 would mean that there is no such file, and a 5xx is asked for again
 * for half a minute.
 */
export function offlineMiss(asked: HubRequest, named: string | null): OfflineMiss {
  const line = lineFor(asked);
  return { status: 410, line: line === null || named === null ? line : `${line} backend=${named}` };
}

function lineFor(asked: HubRequest): string | null {
  if (asked.kind !== "file" && asked.kind !== "revision") return null;
  const { repo, revision } = asked;
  const at = revision === "main" ? "" : `@${revision}`;
  const isPlain = /^[\w./-]+$/.test(nameOfRepo(repo)) && /^[\w./-]+$/.test(revision);
  if (!isPlain) return null;
  const file = asked.kind === "file" && /^[\w./-]+$/.test(asked.path) ? ` include=${asked.path}` : "";
  return `hf:${nameForLine(repo)}${at}${file}`;
}

/** A model by its name, another repository with the singular of its type before it: `dataset:owner/name`. */
function nameForLine({ type, name }: { readonly type: string; readonly name: string }): string {
  return type === "models" ? name : `${type.replace(/s$/, "")}:${name}`;
}
