import {
  absoluteUrl,
  checkApiVersion,
  type Hashes,
  type IndexDocument,
  type PageFile,
  type ProjectPage,
  unreadablePage,
} from "./pypi_page.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON form of a project's page (PEP 691, 700). Throws `upstream_failed`. */
export function parseJsonPage(document: IndexDocument): ProjectPage {
  const keys = parseJsonDocument(document);
  const { name, files } = keys;
  if (!Array.isArray(files)) throw unreadablePage(document, "it has no list of files");
  return {
    name: typeof name === "string" ? name : "",
    files: files.map((entry) => fileOf(entry, document.url)).filter((file) => file !== null),
    source: { form: "json", keys },
  };
}

/** A JSON object of a version of the API that we know. Throws `upstream_failed`. */
export function parseJsonDocument(document: IndexDocument): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(document.bytes));
  } catch {
    throw unreadablePage(document, "it is not JSON, as it says");
  }
  if (!isObject(value)) throw unreadablePage(document, "it is no JSON object");
  const { meta } = value;
  checkApiVersion(document, isObject(meta) ? meta["api-version"] : undefined);
  return value;
}

function fileOf(entry: unknown, base: string): PageFile | null {
  if (!isObject(entry) || typeof entry.url !== "string" || typeof entry.filename !== "string") return null;
  const url = absoluteUrl(entry.url, base);
  if (url === null) return null;
  url.hash = "";
  const provenance = textOf(entry.provenance);
  return {
    filename: entry.filename,
    url: url.href,
    hashes: hashesOf(entry.hashes) ?? {},
    uploadTime: timeOf(entry["upload-time"]),
    coreMetadata: besidesOf(entry["core-metadata"] ?? entry["dist-info-metadata"]),
    gpgSig: typeof entry["gpg-sig"] === "boolean" ? entry["gpg-sig"] : null,
    requiresPython: textOf(entry["requires-python"]),
    yanked: typeof entry.yanked === "string" || typeof entry.yanked === "boolean" ? entry.yanked : false,
    provenance: provenance === null ? null : absoluteUrl(provenance, base)?.href ?? null,
    source: { form: "json", entry },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function hashesOf(value: unknown): Hashes | null {
  if (!isObject(value)) return null;
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** `true`, or the hashes, where there is something beside the file (PEP 658). */
function besidesOf(value: unknown): Hashes | null {
  return value === true ? {} : hashesOf(value);
}

function timeOf(value: unknown): number | null {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
}
