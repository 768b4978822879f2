import { isJsonObject, type JsonObject } from "../../http/json.ts";
import { hashesIn } from "./hashes.ts";
import { checkApiVersion, type IndexDocument, unreadable } from "./index_document.ts";
import { absoluteUrl, fragmentOf, lastSegment } from "./links.ts";
import { outsideLinkOf } from "./outside_link.ts";
import { type Hashes, maxFiles, type OutsideLink, type PageFile, type ProjectPage } from "./page.ts";

/** Parses the JSON form of a project's page (PEP 691, 700). Throws `upstream_failed`. */
export function parseJsonPage(document: IndexDocument): ProjectPage {
  const keys = parseJsonDocument(document);
  const { name, files } = keys;
  if (!Array.isArray(files)) throw unreadable(document, 'it has no list "files"');
  if (files.length > maxFiles) throw unreadable(document, `it lists more than ${maxFiles} files`);
  return {
    name: textOf(name) ?? lastSegment(new URL(document.askedUrl).pathname),
    files: files.map((entry) => fileOf(entry, document.url)).filter((file) => file !== null),
    outside: files.map(outsideOf).filter((link) => link !== null),
    source: { form: "json", keys },
  };
}

/** Parses a JSON object of a known version of the API. Throws `upstream_failed`. */
export function parseJsonDocument(document: IndexDocument): JsonObject {
  const value = parse(document);
  if (!isJsonObject(value)) throw unreadable(document, "it is no JSON object");
  checkApiVersion(document, isJsonObject(value.meta) ? value.meta["api-version"] : undefined);
  return value;
}

function parse(document: IndexDocument): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(document.bytes));
  } catch {
    throw unreadable(document, "it says that it is JSON, and is not");
  }
}

function fileOf(entry: unknown, base: string): PageFile | null {
  if (!isJsonObject(entry) || typeof entry.url !== "string" || typeof entry.filename !== "string") return null;
  const fragment = fragmentOf(entry.url);
  const url = absoluteUrl(entry.url.slice(0, entry.url.length - fragment.length), base);
  if (url === null) return null;
  const provenance = textOf(entry.provenance);
  return {
    filename: entry.filename,
    url: url.href,
    hashes: { ...hashesIn(fragment), ...hashesOf(entry.hashes) },
    uploadTime: timeOf(entry["upload-time"]),
    coreMetadata: besidesOf(entry["core-metadata"] ?? entry["dist-info-metadata"]),
    gpgSig: typeof entry["gpg-sig"] === "boolean" ? entry["gpg-sig"] : null,
    requiresPython: textOf(entry["requires-python"]),
    yanked: typeof entry.yanked === "string" ? entry.yanked || false : entry.yanked === true,
    provenance: provenance === null ? null : absoluteUrl(provenance, base)?.href ?? null,
    source: { form: "json", entry },
  };
}

function outsideOf(entry: unknown): OutsideLink | null {
  if (!isJsonObject(entry) || typeof entry.url !== "string" || typeof entry.filename !== "string") return null;
  const link = outsideLinkOf(entry.url, { form: "json", entry });
  return link && { ...link, name: entry.filename };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function hashesOf(value: unknown): Hashes | null {
  if (!isJsonObject(value)) return null;
  const hashes: Record<string, string> = {};
  for (const [algorithm, hex] of Object.entries(value)) {
    if (typeof hex === "string") hashes[algorithm.toLowerCase()] = hex;
  }
  return hashes;
}

/** The hashes of the metadata beside a file, which may be none (PEP 658); null where there is no metadata. */
function besidesOf(value: unknown): Hashes | null {
  return value === true ? {} : hashesOf(value);
}

/** Parses a time to ms since the epoch, in UTC where it has no zone; null for any other value. */
export function timeOf(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const time = Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(time) ? null : time;
}
