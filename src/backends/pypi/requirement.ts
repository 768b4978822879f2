import { normaliseName } from "./names.ts";

/** A requirement, such as `requests[socks]>=2,<3` (PEP 508). */
export interface Requirement {
  /** Normalised. */
  readonly project: string;
  /** Empty for any version. */
  readonly specifiers: string;
  /** A URL that it is to come from; null for an index. */
  readonly url: string | null;
  /** The condition behind `;`; empty for none. */
  readonly marker: string;
}

/** Parses a requirement; null for what is none. Extras are dropped: they name further packages. */
export function parseRequirement(text: string): Requirement | null {
  const [, name, rest = ""] = /^\s*([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$/is.exec(text) ?? [];
  if (name === undefined) return null;
  const project = normaliseName(name);
  const [, url, urlMarker = ""] = /^@\s*(\S+)(?:\s+;\s*(.*))?$/.exec(rest) ?? [];
  if (url !== undefined) return { project, specifiers: "", url, marker: urlMarker.trim() };
  const semicolon = rest.indexOf(";");
  const written = semicolon < 0 ? rest : rest.slice(0, semicolon);
  const specifiers = written.trim().replace(/^\((.*)\)$/, "$1").replace(/\s+/g, "");
  if (specifiers !== "" && !/^[=<>!~]/.test(specifiers)) return null;
  return { project, specifiers, url: null, marker: semicolon < 0 ? "" : rest.slice(semicolon + 1).trim() };
}
