import { blockBytes, bodyBytesOf, parseTarHeader, type TarHeader } from "../../backends/shared/shelves/tar_block.ts";
import { VaultError } from "../../errors.ts";

interface Member {
  /** As a source names its files: no slash at either end, no empty, `.` or `..` segment. */
  readonly path: string;
}

/** A member of a tar archive that a source may be read from. */
export type TarMember =
  | Member & {
    readonly kind: "file";
    /** Where its bytes begin in the archive. */
    readonly offset: number;
    readonly sizeBytes: number;
    readonly modifiedAt: number;
  }
  /** `target` is a path like `path`. */
  | Member & { readonly kind: "link"; readonly target: string };

/** A pax header or a long name is read into memory. */
const maxExtensionBytes = 1024 * 1024;
/** Each takes some 250 bytes of memory besides its name. */
const mostMembers = 500_000;
const mostNameLengths = 64 * 1024 * 1024;
/** No file on Linux has a longer path. */
const longestName = 4096;

/** What extension members say of the next member. */
interface Extension {
  path?: string | undefined;
  linkpath?: string | undefined;
  size?: string | undefined;
}

/**
 * Reads the members of an uncompressed tar archive (POSIX pax, GNU, v7) without their bodies, which are skipped.
 * Folders, devices and links that lead out of the archive are left out. `name` is for messages. Throws `bad_request`
 * for what is no archive or ends early, a name with `..` or from the root, a name that comes twice, and sparse files.
 */
export async function readTarMembers(file: string, name: string): Promise<TarMember[]> {
  using archive = await Deno.open(file);
  const { size: archiveBytes } = await archive.stat();
  const refuse = (why: string) => new VaultError("bad_request", `Cannot import "${name}": ${why}`);
  const members = new Map<string, TarMember>();
  let extension: Extension = {};
  let nameLengths = 0;
  for (let at = 0; at + blockBytes <= archiveBytes;) {
    const header = parseTarHeader(await readAt(archive, at, blockBytes));
    if (header === "wrong") throw refuse(`byte ${at} begins no tar header`);
    if (header === null) break;
    const offset = at + blockBytes;
    const sizeBytes = sizeOf(header, extension);
    at = offset + Math.ceil(sizeBytes / blockBytes) * blockBytes;
    if (offset + sizeBytes > archiveBytes) throw refuse("the archive has been cut: it ends within a member");
    if ("xgLK".includes(header.type)) {
      if (sizeBytes > maxExtensionBytes) throw refuse("a member has a header of more than 1 MiB");
      const bytes = await readAt(archive, offset, sizeBytes);
      if (header.type !== "g") extension = { ...extension, ...parseExtension(header.type, bytes) };
      if (isSparse(bytes, header)) throw refuse("it has a sparse file");
      continue;
    }
    const member = memberOf(header, extension, { offset, sizeBytes, refuse });
    extension = {};
    if (member === null) continue;
    if (members.has(member.path)) throw refuse(`it has "${member.path}" twice`);
    if (members.size >= mostMembers) throw refuse(`it has more than ${mostMembers} members`);
    nameLengths += member.path.length + (member.kind === "link" ? member.target.length : 0);
    if (nameLengths > mostNameLengths) throw refuse(`its names have more than ${mostNameLengths} characters`);
    members.set(member.path, member);
  }
  if (members.size === 0) throw refuse("it has no files");
  return [...members.values()];
}

interface Placed {
  readonly offset: number;
  readonly sizeBytes: number;
  refuse(why: string): VaultError;
}

function memberOf(header: TarHeader, extension: Extension, { offset, sizeBytes, refuse }: Placed): TarMember | null {
  const written = extension.path ?? header.name;
  if (written.length > longestName) throw refuse(`it has a name of ${written.length} characters`);
  const path = plainPath(written);
  if (path === null) throw refuse(`"${written.slice(0, 200)}" is no name below the archive's root`);
  const target = extension.linkpath ?? header.target;
  switch (header.type) {
    case "\0":
    case "0":
    case "7":
      if (path === "" || written.endsWith("/")) return null;
      return { kind: "file", path, offset, sizeBytes, modifiedAt: header.modifiedAt };
    case "1":
      return linkTo(path, plainPath(target));
    case "2":
      return linkTo(path, resolveLink(path, target));
    case "S":
      throw refuse("it has a sparse file");
    default:
      return null;
  }
}

function linkTo(path: string, target: string | null): TarMember | null {
  return target === null || target === "" || path === "" ? null : { kind: "link", path, target };
}

/** Returns a name without `.` segments and slashes at its ends; null for one from the root, or with `..`. */
function plainPath(name: string): string | null {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  return name.startsWith("/") || segments.includes("..") || name.includes("\0") ? null : segments.join("/");
}

/** Returns where a symbolic link leads; null where that is outside of the archive. */
function resolveLink(path: string, target: string): string | null {
  if (target.startsWith("/")) return null;
  const segments = path.split("/").slice(0, -1);
  for (const segment of target.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.join("/");
}

function sizeOf(header: TarHeader, { size }: Extension): number {
  return bodyBytesOf(header, size === undefined || "xgLK".includes(header.type) ? header.sizeBytes : Number(size));
}

function parseExtension(type: string, bytes: Uint8Array): Extension {
  const text = new TextDecoder().decode(bytes);
  const [long = ""] = text.split("\0");
  if (type === "L") return { path: long };
  if (type === "K") return { linkpath: long };
  const { path, linkpath, size } = paxRecords(bytes);
  return { ...path !== undefined && { path }, ...linkpath !== undefined && { linkpath }, ...size && { size } };
}

/** Parses the records `LENGTH KEY=VALUE\n` of a pax header, whose lengths count bytes; up to the first broken one. */
function paxRecords(bytes: Uint8Array): Readonly<Record<string, string>> {
  const records: Record<string, string> = {};
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length;) {
    const length = parseInt(decoder.decode(bytes.subarray(at, at + 12)), 10);
    if (!(length > 0)) break;
    const [, key, value] = /^\d+ ([^=]*)=([\s\S]*)\n$/.exec(decoder.decode(bytes.subarray(at, at + length))) ?? [];
    if (key === undefined || value === undefined) break;
    records[key] = value;
    at += length;
  }
  return records;
}

function isSparse(bytes: Uint8Array, { type }: TarHeader): boolean {
  return type === "x" && Object.keys(paxRecords(bytes)).some((key) => key.startsWith("GNU.sparse."));
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw new VaultError("bad_request", "The archive became shorter while it was read");
    at += read;
  }
  return bytes;
}
