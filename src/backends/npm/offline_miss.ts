import type { OfflineMiss } from "../../backend.ts";
import { versionOf } from "./names.ts";
import { parseRequest } from "./request.ts";

/**
 * Says what a client missed, by its path below the prefix; `named` is the backend's name, null where a line means it
 * without. At these statuses all clients stop at once: pnpm asks for a tarball three times in a minute at 410, and
 * npm and Deno explain a 404 of a document away.
 */
export function offlineMiss(path: string, named: string | null): OfflineMiss {
  const line = lineFor(path);
  const status = parseRequest(path).kind === "tarball" ? 404 : 410;
  return { status, line: line === null || named === null ? line : `${line} backend=${named}` };
}

function lineFor(path: string): string | null {
  const asked = parseRequest(path);
  switch (asked.kind) {
    case "packument":
      return `npm:${asked.name}`;
    case "version":
      return `npm:${asked.name}@${asked.version}`;
    case "tarball": {
      const version = versionOf(asked.name, asked.file);
      return version === null ? null : `npm:${asked.name}@${version}`;
    }
    default:
      return null;
  }
}
