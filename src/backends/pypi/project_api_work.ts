import { createHash } from "node:crypto";
import type { HeaderList } from "../../http/headers.ts";
import { asJsonObject, isJsonObject, type JsonObject } from "../../http/json.ts";
import { absoluteUrl } from "./links.ts";
import { addressOf, pathOfFile } from "./indexes.ts";
import { parseJsonDocument, timeOf } from "./parse_json.ts";
import type { IndexDocument } from "./index_document.ts";
import type { RenderedDocument } from "../shared/made_document.ts";

/** The form in which a document of the JSON API is shown. */
export interface ApiShown {
  /** Normalised. */
  readonly project: string;
  /** The URL before the paths of files: absolute, since programs use the links of this document as they are. */
  readonly base: string;
  /** Files uploaded after this, in ms since the epoch, are left out; null for none. */
  readonly uploadedUntil: number | null;
  /** Files below it have paths below `/packages`; null where there is none. */
  readonly packagesBase: string | null;
}

export interface ApiMade {
  readonly page: RenderedDocument;
  /** True where all files of the version that it is about are too new. */
  readonly isHidden: boolean;
  /** The newest version that is old enough; null where there is none, or the document lists no versions. */
  readonly newest: string | null;
}

/** The headers of every such document. */
export const apiHeaders: HeaderList = [
  ["content-type", "application/json"],
  ["cache-control", "max-age=0, must-revalidate"],
];

/**
 * Makes the answer for clients of an index's `/pypi/<project>/json` or `/pypi/<project>/<version>/json`: the same with
 * links to the vault, and without files that are too new. A second document, that of a version, replaces the parts of
 * the first that describe a version. Throws `upstream_failed` for any other document.
 */
export function makeApi([document, version]: readonly IndexDocument[], shown: ApiShown): ApiMade {
  const listed = parseJsonDocument(document!);
  const about = version === undefined ? listed : parseJsonDocument(version);
  const { info, vulnerabilities } = about;
  const urls = Array.isArray(about.urls) ? about.urls : [];
  const left = urls.filter((file) => isOldEnough(file, shown));
  const releases = isJsonObject(listed.releases) ? releasesLeft(listed.releases, shown) : null;
  const linked = (files: readonly unknown[]) => files.map((file) => linkedToVault(file, document!.url, shown));
  const text = JSON.stringify({
    ...listed,
    ...info !== undefined && { info },
    ...vulnerabilities !== undefined && { vulnerabilities },
    ...releases && { releases: Object.fromEntries([...releases].map(([name, files]) => [name, linked(files)])) },
    urls: linked(left),
  });
  const bytes = new TextEncoder().encode(text);
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return {
    page: { headers: [["etag", `"${etag}"`], ...apiHeaders], bytes },
    isHidden: urls.length > 0 && left.length === 0,
    newest: releases && newestOf(releases),
  };
}

/** Leaves out versions whose files are all too new; a version that never had a file stays. */
function releasesLeft(releases: JsonObject, shown: ApiShown): Map<string, readonly unknown[]> {
  const lists = Object.entries(releases).map(([version, files]): [string, readonly unknown[], readonly unknown[]] => {
    const all = Array.isArray(files) ? files : [];
    return [version, all, all.filter((file) => isOldEnough(file, shown))];
  });
  return new Map(
    lists.filter(([, all, left]) => all.length === 0 || left.length > 0).map(([name, , left]) => [name, left]),
  );
}

/** Returns the version that was uploaded last; a yanked one, or a pre-release, only where there is no other. */
function newestOf(releases: ReadonlyMap<string, readonly unknown[]>): string | null {
  const candidates = [...releases].flatMap(([version, files]) => {
    const times = files.map((file) => uploadedAt(file) ?? 0);
    if (times.length === 0) return [];
    const isFinal = /^v?\d+(?:\.\d+)*(?:\.post\d+)?$/i.test(version) &&
      files.some((file) => !asJsonObject(file).yanked);
    return [{ version, isFinal, at: Math.min(...times.slice(0, 1000)) }];
  });
  const best = candidates.toSorted((a, b) => Number(b.isFinal) - Number(a.isFinal) || b.at - a.at)[0];
  return best?.version ?? null;
}

function isOldEnough(file: unknown, { uploadedUntil }: ApiShown): boolean {
  return uploadedUntil === null || (uploadedAt(file) ?? 0) <= uploadedUntil;
}

function uploadedAt(file: unknown): number | null {
  const { upload_time_iso_8601: precise, upload_time: local } = asJsonObject(file);
  return timeOf(precise) ?? timeOf(local);
}

function linkedToVault(file: unknown, documentUrl: string, { base, project, packagesBase }: ApiShown): unknown {
  const { url, filename } = asJsonObject(file);
  if (typeof url !== "string" || typeof filename !== "string") return file;
  const absolute = absoluteUrl(url, documentUrl);
  if (absolute === null) return file;
  absolute.hash = "";
  const address = addressOf({ url: absolute.href, filename });
  return { ...asJsonObject(file), url: base + pathOfFile(packagesBase, project, address) };
}
