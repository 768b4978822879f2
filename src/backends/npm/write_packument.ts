import type { Packument, PackumentVersion } from "./packument.ts";
import { fileNameOf } from "./names.ts";
import { compareVersions, isPreRelease } from "./version_order.ts";

/** Where the links to tarballs lead in what clients get. */
export type Links =
  /** To the vault; `base` is the URL of the backend's prefix, as the client knows it. */
  | { readonly kind: "vault"; readonly base: string }
  /** To this registry. */
  | { readonly kind: "registry"; readonly base: string }
  /** Where upstream's document has them. */
  | { readonly kind: "as_sent" };

/** What clients are shown of a package. */
export interface PackumentShown {
  readonly links: Links;
  /** Versions that are left out. */
  readonly hidden: readonly string[];
  /** The names of the only tarballs that are shown; null for all. */
  readonly files: readonly string[] | null;
}

/** The members of the whole document that the abbreviated form leaves out. */
const onlyInFull: ReadonlySet<string> = new Set([
  "_attachments",
  "_id",
  "_rev",
  "author",
  "bugs",
  "contributors",
  "description",
  "homepage",
  "keywords",
  "license",
  "maintainers",
  "readme",
  "readmeFilename",
  "repository",
  "time",
  "users",
]);

/**
 * Prints the document for clients. All that is not a link to a tarball is copied byte for byte, so that `dist` and its
 * signatures stay what they are.
 */
export function writePackument(
  packument: Packument,
  form: "full" | "abbreviated",
  shown: PackumentShown,
): Uint8Array<ArrayBuffer> {
  const output = new Output(packument.bytes);
  const versions = shownVersions(packument, shown);
  const isWhole = versions.length === packument.versions.length;
  if (form === "full" && isWhole) return copyWhole(output, packument, shown);
  const members = form === "full" ? packument.members : packument.members.filter(({ key }) => !onlyInFull.has(key));
  output.text("{");
  for (const [index, { key, start, end }] of members.entries()) {
    if (index > 0) output.comma();
    if (key === "versions") writeVersions(output, { packument, versions, form, shown });
    else if (key === "dist-tags" && !isWhole) writeTags(output, packument, versions);
    else if (key === "time" && !isWhole) writeTimes(output, packument, versions);
    else output.copy(start, end);
  }
  if (form === "abbreviated") writeModified(output, packument);
  output.text("}");
  return output.bytes();
}

/** Copies the document, with other links. */
function copyWhole(output: Output, packument: Packument, shown: PackumentShown): Uint8Array<ArrayBuffer> {
  let from = 0;
  for (const version of packument.versions) {
    const { value } = version;
    output.copy(from, value.start);
    copyLinked(output, value, { packument, version, shown });
    from = value.end;
  }
  output.copy(from, packument.bytes.byteLength);
  return output.bytes();
}

/** Prints one version, by its number or a tag; null where it is not there or not shown. */
export function writeVersion(
  packument: Packument,
  wanted: string,
  shown: PackumentShown,
): Uint8Array<ArrayBuffer> | null {
  const versions = shownVersions(packument, shown);
  const number = tagsOf(packument, versions).find(({ tag }) => tag === wanted)?.version ?? wanted;
  const version = versions.find(({ version }) => version === number);
  if (version === undefined) return null;
  const output = new Output(packument.bytes);
  copyLinked(output, version.value, { packument, version, shown });
  return output.bytes();
}

/** Prints the tags alone. */
export function writeDistTags(packument: Packument, shown: PackumentShown): Uint8Array<ArrayBuffer> {
  const tags = tagsOf(packument, shownVersions(packument, shown));
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(tags.map(({ tag, version }) => [tag, version]))));
}

function shownVersions(
  { versions, name }: Packument,
  { hidden, files }: PackumentShown,
): readonly PackumentVersion[] {
  if (hidden.length === 0 && files === null) return versions;
  const [hiddenVersions, shownFiles] = [new Set(hidden), files && new Set(files)];
  const isCached = ({ version, tarball }: PackumentVersion) =>
    shownFiles?.has(fileNameOf(tarball?.url ?? "", { name, version })) ?? true;
  return versions.filter((version) => !hiddenVersions.has(version.version) && isCached(version));
}

interface Written {
  readonly packument: Packument;
  readonly versions: readonly PackumentVersion[];
  readonly form: "full" | "abbreviated";
  readonly shown: PackumentShown;
}

function writeVersions(output: Output, { packument, versions, form, shown }: Written): void {
  output.text('"versions":{');
  for (const [index, version] of versions.entries()) {
    if (index > 0) output.comma();
    output.copy(version.key.start, version.key.end);
    output.text(":");
    if (form === "full") copyLinked(output, version.value, { packument, version, shown });
    else writeAbbreviated(output, { packument, version, shown });
  }
  output.text("}");
}

interface WrittenVersion {
  readonly packument: Packument;
  readonly version: PackumentVersion;
  readonly shown: PackumentShown;
}

function writeAbbreviated(output: Output, written: WrittenVersion): void {
  const { members, installs } = written.version;
  output.text("{");
  for (const [index, member] of members.entries()) {
    if (index > 0) output.comma();
    copyLinked(output, member, written);
  }
  const saysSo = members.some(({ key }) => key === "hasInstallScript");
  if (installs && !saysSo) output.text(`${members.length > 0 ? "," : ""}"hasInstallScript":true`);
  output.text("}");
}

/** Copies a part of a version, with other links where they stand in it. */
function copyLinked(
  output: Output,
  { start, end }: { readonly start: number; readonly end: number },
  { packument: { name }, version: { version, tarball, attestations }, shown: { links } }: WrittenVersion,
): void {
  const replaced = [
    tarball && { ...tarball, url: tarballLink(links, tarball.url, { name, version }) },
    attestations && { ...attestations, url: attestationsLink(links, attestations.url) },
  ].filter((link) => link !== null && link.start >= start && link.end <= end).map((link) => link!);
  let from = start;
  for (const link of replaced.toSorted((a, b) => a.start - b.start)) {
    output.copy(from, link.start);
    output.text(JSON.stringify(link.url));
    from = link.end;
  }
  output.copy(from, end);
}

function tarballLink(links: Links, url: string, of: { name: string; version: string }): string {
  return links.kind === "as_sent" ? url : `${links.base}/${of.name}/-/${fileNameOf(url, of)}`;
}

function attestationsLink(links: Links, url: string): string {
  const at = url.indexOf("/-/npm/v1/attestations/");
  return links.kind === "as_sent" || at < 0 ? url : links.base + url.slice(at);
}

function writeTags(output: Output, packument: Packument, versions: readonly PackumentVersion[]): void {
  const tags = tagsOf(packument, versions).map(({ tag, version }) =>
    `${JSON.stringify(tag)}:${JSON.stringify(version)}`
  );
  output.text(`"dist-tags":{${tags.join(",")}}`);
}

/**
 * The tags, without those of versions that are hidden. `latest`, which clients install by, moves to the newest release
 * before the one that is hidden. A tag of a version that the document does not have stays as it is.
 */
function tagsOf({ tags, versions }: Packument, shown: readonly PackumentVersion[]): Packument["tags"] {
  if (shown.length === versions.length) return tags;
  const numbers = new Set(shown.map(({ version }) => version));
  const hidden = new Set(versions.flatMap(({ version }) => numbers.has(version) ? [] : [version]));
  return tags.flatMap(({ tag, version }) => {
    if (!hidden.has(version)) return [{ tag, version }];
    const instead = tag === "latest" ? newestUpTo(version, [...numbers]) : null;
    return instead === null ? [] : [{ tag, version: instead }];
  });
}

function newestUpTo(limit: string, versions: readonly string[]): string | null {
  const sorted = versions.toSorted((a, b) => compareVersions(b, a));
  const releases = sorted.filter((version) => !isPreRelease(version));
  return releases.find((version) => compareVersions(version, limit) <= 0) ?? releases[0] ?? sorted[0] ?? null;
}

function writeTimes(output: Output, { times, versions }: Packument, shown: readonly PackumentVersion[]): void {
  const numbers = new Set(shown.map(({ version }) => version));
  const hidden = new Set(versions.flatMap(({ version }) => numbers.has(version) ? [] : [version]));
  output.text('"time":{');
  for (const [index, { start, end }] of times.filter(({ key }) => !hidden.has(key)).entries()) {
    if (index > 0) output.comma();
    output.copy(start, end);
  }
  output.text("}");
}

/** The abbreviated form has the time of the last change at its top. */
function writeModified(output: Output, { times, members }: Packument): void {
  const modified = times.find(({ key }) => key === "modified")?.time ?? null;
  const saysSo = members.some(({ key }) => key === "modified");
  if (modified !== null && !saysSo) output.text(`,"modified":${JSON.stringify(modified)}`);
}

/** Collects parts of a document, and text between them. Parts that follow each other in the document are one. */
class Output {
  readonly #source: Uint8Array;
  readonly #parts: (string | readonly [start: number, end: number])[] = [];
  #start = 0;
  #end = 0;
  /** True for a comma that may be the one in the document. */
  #isCommaDue = false;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  copy(start: number, end: number): void {
    const gap = start - this.#end;
    const isNext = this.#isCommaDue ? gap === 1 && this.#source[this.#end] === 0x2c : gap === 0;
    if (isNext && this.#end > this.#start) {
      this.#isCommaDue = false;
      this.#end = end;
      return;
    }
    this.#flush();
    [this.#start, this.#end] = [start, end];
  }

  comma(): void {
    if (this.#isCommaDue) this.#flush();
    this.#isCommaDue = true;
  }

  text(text: string): void {
    this.#flush();
    this.#parts.push(text);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    this.#flush();
    const encoder = new TextEncoder();
    // A character takes three bytes at most.
    const most = this.#parts.reduce(
      (sum, part) => sum + (typeof part === "string" ? part.length * 3 : part[1] - part[0]),
      0,
    );
    const bytes = new Uint8Array(most);
    let at = 0;
    for (const part of this.#parts) {
      if (typeof part === "string") at += encoder.encodeInto(part, bytes.subarray(at)).written;
      else {
        bytes.set(this.#source.subarray(part[0], part[1]), at);
        at += part[1] - part[0];
      }
    }
    return bytes.slice(0, at);
  }

  #flush(): void {
    if (this.#end > this.#start) this.#parts.push([this.#start, this.#end]);
    this.#start = this.#end = 0;
    if (this.#isCommaDue) this.#parts.push(",");
    this.#isCommaDue = false;
  }
}
