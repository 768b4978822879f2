import type { OfflineMiss } from "../../backend.ts";
import { lastSegment } from "./links.ts";
import { projectsOf, versionOf } from "./names.ts";
import { parseRequest } from "./request.ts";

/**
 * Says what a client missed, by its path below the prefix; `named` is the backend's name, null where a line means it
 * without. At 410 all clients stop at once; at 404 uv would take a
 * stranger's project of that name from its next index, and 403 makes uv and poetry speak of credentials.
 */
export function offlineMiss(path: string, named: string | null): OfflineMiss {
  const line = lineFor(path);
  return { status: 410, line: line === null || named === null ? line : `${line} backend=${named}` };
}

function lineFor(path: string): string | null {
  const asked = parseRequest(path);
  switch (asked.kind) {
    case "page":
      return `pypi:${asked.project}`;
    case "file":
    case "package": {
      const filename = lastSegment(path).replace(/\.(?:metadata|asc)$/, "");
      const project = asked.kind === "file" ? asked.project : projectsOf(filename)[0];
      const version = project === undefined ? null : versionOf(filename, project);
      return version === null ? null : `pypi:${project}==${version}`;
    }
    default:
      return null;
  }
}
