import { canonicalName, plainName } from "../registry_name.ts";

/** The name of an image with its registry, as docker reads it. */
export interface Reference {
  /** Canonical; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** On Docker Hub with `library/` before official images. */
  readonly repository: string;
  readonly tag: string;
}

const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Parses a reference such as `alpine`, `quay.io/org/app:1.0` or `localhost:5000/app:1@sha256:…`, whose digest is
 * dropped. Without a registry it means Docker Hub, without a tag `latest`. Null for anything else.
 */
export function parseReference(text: string): Reference | null {
  const [named = ""] = text.split("@");
  const [, name = "", tag = "latest"] = /^(.*?)(?::([^:/]+))?$/.exec(named) ?? [];
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (first === "localhost" || /[.:]/.test(first));
  const registry = hasRegistry ? plainName(canonicalName(first)) : "docker.io";
  const path = hasRegistry ? rest.join("/") : name;
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  if (!repositoryPattern.test(repository) || !tagPattern.test(tag)) return null;
  return { registry, repository, tag };
}

/** Formats a reference in full: `docker.io/library/alpine:latest`. */
export function formatReference({ registry, repository, tag }: Reference): string {
  return `${registry}/${repository}:${tag}`;
}

/**
 * Parses a reference after the user's renaming: the longest name that is the whole of it, or ends before a `/` or `:`
 * of it, is replaced. Both the text as it is written and its full form may be named. Null where nothing is a reference.
 */
export function parseRenamed(text: string, renamed: ReadonlyMap<string, string>): Reference | null {
  const parsed = parseReference(text);
  for (const form of formsOf(text, parsed)) {
    const from = beginningsOf(form).find((beginning) => renamed.has(beginning));
    if (from !== undefined) return parseReference(renamed.get(from)! + form.slice(from.length));
  }
  return parsed;
}

/** Returns the names that may be renamed in a reference, the whole of it first. */
export function renamable(text: string): string[] {
  return formsOf(text, parseReference(text)).flatMap(beginningsOf);
}

function formsOf(text: string, parsed: Reference | null): string[] {
  return parsed === null ? [text] : [text, formatReference(parsed)];
}

/** The longest first. */
function beginningsOf(form: string): string[] {
  return [form, ...Array.from(form.matchAll(/[/:]/g), ({ index }) => form.slice(0, index)).reverse()];
}
