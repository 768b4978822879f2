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
  /** The addresses of the only files that are shown, as `addressOf` makes them; null for all. */
  readonly addresses: readonly string[] | null;
}

export interface ApiMade {
  readonly page: RenderedDocument;
  /** True where no file of the version that it is about is shown: they are too new, or cannot be delivered offline. */
  readonly isHidden: boolean;
  /** The newest version that has files which are shown; null where there is none, or the document lists no versions. */
  readonly newest: string | null;
}

/** The headers of every such document. */
export const apiHeaders: HeaderList = [
  ["content-type", "application/json"],
  ["cache-control", "max-age=0, must-revalidate"],
];

/**
 * Makes the answer for clients of an index's `/pypi/<project>/json` or `/pypi/<project>/<version>/json`: the same with
 * links to the vault, and without files that are not shown. A second document, that of a version, replaces the parts of
 * the first that describe a version; without it, a version in place of a hidden one is described by its files. Throws `upstream_failed` for any other document.
 */
export function makeApi([document, version]: readonly IndexDocument[], shown: ApiShown): ApiMade {
  const listed = parseJsonDocument(document!);
  const about = version === undefined ? listed : parseJsonDocument(version);
  const { info, vulnerabilities } = about;
  const urls = Array.isArray(about.urls) ? about.urls : [];
  const isShown = shownBy(document!.url, shown);
  const left = urls.filter(isShown);
  const releases = isJsonObject(listed.releases) ? releasesLeft(listed.releases, isShown, shown) : null;
  const isHidden = urls.length > 0 && left.length === 0;
  const newest = releases && newestOf(releases);
  const instead = isHidden && newest !== null ? { version: newest, files: releases!.get(newest)! } : null;
  const linked = (files: readonly unknown[]) => files.map((file) => linkedToVault(file, document!.url, shown));
  const text = JSON.stringify({
    ...listed,
    ...info !== undefined && { info: instead === null ? info : infoOf(instead.version, asJsonObject(info)) },
    ...vulnerabilities !== undefined && { vulnerabilities },
    ...releases && { releases: Object.fromEntries([...releases].map(([name, files]) => [name, linked(files)])) },
    urls: linked(instead?.files ?? left),
  });
  const bytes = new TextEncoder().encode(text);
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return {
    page: { headers: [["etag", `"${etag}"`], ...apiHeaders], bytes },
    isHidden,
    newest,
  };
}

/** What a project says of itself, without what only holds for another version of it. */
function infoOf(version: string, { requires_dist: _, requires_python: __, ...info }: JsonObject): JsonObject {
  return { ...info, version };
}

/** Leaves out versions of which no file is shown; one that never had a file stays where nothing need be delivered. */
function releasesLeft(
  releases: JsonObject,
  isShown: (file: unknown) => boolean,
  { addresses }: ApiShown,
): Map<string, readonly unknown[]> {
  const lists = Object.entries(releases).map(([version, files]): [string, readonly unknown[], readonly unknown[]] => {
    const all = Array.isArray(files) ? files : [];
    return [version, all, all.filter(isShown)];
  });
  return new Map(
    lists.filter(([, all, left]) => addresses === null && all.length === 0 || left.length > 0).map((
      [name, , left],
    ) => [name, left]),
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

/** Returns a function that says whether a file is shown. */
function shownBy(documentUrl: string, shown: ApiShown): (file: unknown) => boolean {
  const delivered = shown.addresses && new Set(shown.addresses);
  return (file) => isOldEnough(file, shown) && (delivered?.has(addressIn(file, documentUrl) ?? "") ?? true);
}

function isOldEnough(file: unknown, { uploadedUntil }: ApiShown): boolean {
  return uploadedUntil === null || (uploadedAt(file) ?? 0) <= uploadedUntil;
}

function uploadedAt(file: unknown): number | null {
  const { upload_time_iso_8601: precise, upload_time: local } = asJsonObject(file);
  return timeOf(precise) ?? timeOf(local);
}

function linkedToVault(file: unknown, documentUrl: string, { base, project, packagesBase }: ApiShown): unknown {
  const address = addressIn(file, documentUrl);
  if (address === null) return file;
  return { ...asJsonObject(file), url: base + pathOfFile(packagesBase, project, address) };
}

/** The address of a file of the document; null where it has no URL or name. */
function addressIn(file: unknown, documentUrl: string): string | null {
  const { url, filename } = asJsonObject(file);
  if (typeof url !== "string" || typeof filename !== "string") return null;
  const absolute = absoluteUrl(url, documentUrl);
  if (absolute === null) return null;
  absolute.hash = "";
  return addressOf({ url: absolute.href, filename });
}
