import type { Artifact } from "../../artifact.ts";
import { isModifiedLately, isSameTag } from "../../http/conditional.ts";
import { type HeaderList, headerOf, keepHeaders } from "../../http/headers.ts";
import type { Version } from "../../store/store.ts";
import { assess } from "../freshness.ts";
import { type AnswerOf, redirectedTo } from "./redirected_to.ts";

/**
 * The validators of a stored copy, as request headers (RFC 9110 §13.1). A Last-Modified that is as old as the answer it
 * came with is none: what changed later in that second has it too (RFC 9110 §8.8.2.2).
 */
export function conditionsOf({ headers }: Pick<Version, "headers">): [string, string][] {
  const etag = headerOf(headers, "etag");
  const modified = etag === undefined && isModifiedLately(headers) ? undefined : headerOf(headers, "last-modified");
  return [
    ...(etag ? [["if-none-match", etag] as [string, string]] : []),
    ...(modified ? [["if-modified-since", modified] as [string, string]] : []),
  ];
}

/**
 * Says whether a 304 is about this version: one that names another ETag is not. Nor is that of an upstream that
 * redirected for this version and now answers itself: it has a version of its own.
 */
export function isAbout(answer: AnswerOf, version: Version): boolean {
  if (version.location !== undefined && redirectedTo(answer) === undefined) return false;
  const { response } = answer;
  const etag = response.headers.get("etag");
  const own = headerOf(version.headers, "etag");
  return etag === null || own === undefined || isSameTag(etag, own);
}

/**
 * These say how to read the body, and a 304 has none: PHP and others send their default type with it. RFC 9111 §3.2
 * exempts what a cache relies on itself.
 */
const aboutTheBody = new Set(["content-encoding", "content-language", "content-md5", "content-type"]);

/** A version after upstream answered 304: the headers it sent replace those it had (RFC 9111 §3.2 and §4.3.4). */
export function refreshedVersion<V extends Version>(
  artifact: Artifact,
  version: V,
  response: Response,
  now: number,
): V {
  const sent = keepHeaders(response.headers).filter(([name]) => !aboutTheBody.has(name));
  const replaced = new Set(sent.map(([name]) => name));
  const headers: HeaderList = [...version.headers.filter(([name]) => !replaced.has(name)), ...sent];
  const all = new Headers(headers.map(([name, value]) => [name, value]));
  const { freshUntil, generatedAt } = assess(artifact, all, now);
  return { ...version, headers, validatedAt: now, freshUntil, generatedAt };
}
