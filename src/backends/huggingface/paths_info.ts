import { createHash } from "node:crypto";
import type { Artifact, Fetch } from "../../artifact.ts";
import type { BackendRequest } from "../../backend.ts";
import { VaultError } from "../../errors.ts";
import { parseJsonObject } from "../../http/json.ts";
import type { Caller } from "./caller.ts";
import type { HubUpstream } from "./upstream.ts";

/** A question about some paths of a commit. */
export interface WantedPaths {
  readonly paths: readonly string[];
  /** True for the last commit of each, too. */
  readonly expand: boolean;
}

const mostBytes = 1024 * 1024;

/**
 * Reads the question, in either of its encodings: Python sends a form, JavaScript JSON. Throws `bad_request` for what is
 * neither, and as `readBody` does.
 */
export async function readPaths(request: BackendRequest): Promise<WantedPaths> {
  const bytes = await request.readBody?.(mostBytes) ?? new Uint8Array();
  const isJson = request.headers.get("content-type")?.toLowerCase().startsWith("application/json") === true;
  const { paths, expand } = isJson ? fromJson(bytes) : fromForm(bytes);
  const isList = Array.isArray(paths) && paths.every((path) => typeof path === "string");
  if (isList && paths.length > 0) return { paths: [...new Set<string>(paths)].sort(), expand };
  throw new VaultError("bad_request", "paths-info needs paths, as a form or as JSON");
}

function fromJson(bytes: Uint8Array): { paths: unknown; expand: boolean } {
  const { paths, expand } = parseJsonObject(bytes) ?? {};
  return { paths: typeof paths === "string" ? [paths] : paths, expand: expand === true };
}

function fromForm(bytes: Uint8Array): { paths: unknown; expand: boolean } {
  const form = new URLSearchParams(new TextDecoder().decode(bytes));
  return { paths: form.getAll("paths"), expand: form.get("expand")?.toLowerCase() === "true" };
}

/** The answer to such a question, which never changes: the paths are of a commit. */
export function pathsInfoArtifact(
  upstream: HubUpstream,
  { target, caller, wanted }: { readonly target: string; readonly caller: Caller; readonly wanted: WantedPaths },
): Artifact {
  const body = JSON.stringify(wanted);
  const of = createHash("sha256").update(body).digest("hex").slice(0, 32);
  const ask: Fetch = (request, asked) => {
    const headers = new Headers(request.headers);
    headers.set("content-type", "application/json");
    const { signal } = request;
    return caller.fetch(new Request(request.url, { method: "POST", headers, body, signal, redirect: "manual" }), asked);
  };
  return upstream.document({ target, caller, freshness: { kind: "immutable" }, ask, suffix: `;of=${of}` });
}
