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

const blockBytes = 512;
/** A pax header or a long name is read into memory. */
const maxExtensionBytes = 1024 * 1024;
/** Each takes some 250 bytes of memory besides its name. */
const mostMembers = 500_000;
const mostNameLengths = 64 * 1024 * 1024;
/** No file on Linux has a longer path. */
const longestName = 4096;

interface Header {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
  readonly target: string;
}

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
    const header = parseHeader(await readAt(archive, at, blockBytes), () => refuse(`byte ${at} begins no tar header`));
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

function memberOf(header: Header, extension: Extension, { offset, sizeBytes, refuse }: Placed): TarMember | null {
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

/** Returns null for the empty block that ends an archive. */
function parseHeader(block: Uint8Array, mistake: () => VaultError): Header | null {
  const sum = block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum === 8 * 0x20) return null;
  if (sum !== numberIn(block, 148, 8)) throw mistake();
  const isUstar = textIn(block, 257, 6) === "ustar" && block[262] === 0;
  const prefix = isUstar ? textIn(block, 345, 155) : "";
  const name = textIn(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156]!),
    sizeBytes: numberIn(block, 124, 12),
    modifiedAt: numberIn(block, 136, 12) * 1000,
    target: textIn(block, 157, 100),
  };
}

/** A link and a folder have no bytes, whatever their size says. */
function sizeOf({ type, sizeBytes }: Header, { size }: Extension): number {
  if ("123456".includes(type)) return 0;
  const all = size === undefined || "xgLK".includes(type) ? sizeBytes : Number(size);
  return Number.isSafeInteger(all) && all >= 0 ? all : Infinity;
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

function isSparse(bytes: Uint8Array, { type }: Header): boolean {
  return type === "x" && Object.keys(paxRecords(bytes)).some((key) => key.startsWith("GNU.sparse."));
}

function textIn(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** An octal number, or GNU's form for large ones: bytes, of which the first has its highest bit set. */
function numberIn(block: Uint8Array, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length);
  if (field[0] === 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  const octal = textIn(block, offset, length).trim();
  return /^[0-7]*$/.test(octal) ? parseInt(octal || "0", 8) : NaN;
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
