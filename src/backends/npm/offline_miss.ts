import type { OfflineMiss } from "../../backend.ts";
import { versionOf } from "./names.ts";
import { parseRequest } from "./request.ts";

/**
 * Says what a client missed, by its path below the prefix; `named` is the backend's name, null where a line means it
 * without. At 410 all clients stop at once, and show the message.
 */
export function offlineMiss(path: string, named: string | null): OfflineMiss {
  const line = lineFor(path);
  return { status: 410, line: line === null || named === null ? line : `${line} backend=${named}` };
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
