import { createHash, type Hash } from "node:crypto";
import { messageOf, VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { readTextOrNull } from "../store/regular_files.ts";
import type { ByteSink } from "./byte_sink.ts";
import type { ByteSource } from "./byte_source.ts";
import { PartialFile, removeIfThere } from "./partial_file.ts";
import { isSpecial } from "./special_file.ts";

/** The suffix of the file that lists the parts of a split file. */
export const partsSuffix = ".parts.json";
const maxListBytes = 4 * 1024 * 1024;
const maxParts = 9999;

interface Part {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A part whose digest is not known, since there is no list. */
type AnyPart = Part | (Omit<Part, "sha256"> & { readonly sha256: null });

/** The names of all files that a file may be split into, and of the list of them. */
export function namesOfParts(name: string): string[] {
  return [name + partsSuffix, ...Array.from({ length: maxParts }, (_, index) => name + suffixOf(index + 1))];
}

/** The name of a part: `.001`, `.002`, … so that `cat OUT.*` puts them in order. */
function suffixOf(number: number): string {
  return `.${String(number).padStart(3, "0")}`;
}

/**
 * Splits what is written into files of `partBytes`, and lists them with their digests in a file beside them. They
 * replace those of an earlier export once all are whole.
 */
export class PartsSink implements ByteSink {
  readonly #path: string;
  readonly #partBytes: number;
  readonly #parts: Part[] = [];
  readonly #files: PartialFile[] = [];
  #current: { readonly file: PartialFile; readonly hash: Hash; sizeBytes: number } | null = null;

  constructor(path: string, partBytes: number) {
    this.#path = path;
    this.#partBytes = partBytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const part = this.#current ??= this.#begin();
      const piece = bytes.subarray(at, at + this.#partBytes - part.sizeBytes);
      part.file.write(piece);
      part.hash.update(piece);
      part.sizeBytes += piece.byteLength;
      at += piece.byteLength;
      if (part.sizeBytes === this.#partBytes) await this.#end();
    }
  }

  async finish(): Promise<void> {
    await this.#end();
    const list = this.#beginFile(this.#path + partsSuffix);
    list.write(new TextEncoder().encode(`${JSON.stringify({ parts: this.#parts }, null, 2)}\n`));
    await list.sync();
    list.close();
    // The list of an earlier export would name parts of this one.
    removeIfThere(this.#path + partsSuffix);
    removePartsFrom(this.#path, this.#parts.length + 1);
    for (const file of this.#files) file.commit();
  }

  abort(): void {
    for (const file of this.#files) file.abort();
  }

  #begin() {
    if (this.#parts.length === maxParts) {
      throw new VaultError("storage_failed", `More than ${maxParts} parts; choose a larger --part-size`);
    }
    const file = this.#beginFile(this.#path + suffixOf(this.#parts.length + 1));
    return { file, hash: createHash("sha256"), sizeBytes: 0 };
  }

  #beginFile(path: string): PartialFile {
    const file = new PartialFile(path);
    this.#files.push(file);
    return file;
  }

  async #end(): Promise<void> {
    if (this.#current === null) return;
    const { file, hash, sizeBytes } = this.#current;
    await file.sync();
    file.close();
    this.#current = null;
    const name = nameOf(this.#path) + suffixOf(this.#parts.length + 1);
    this.#parts.push({ name, sizeBytes, sha256: hash.digest("hex") });
  }
}

/**
 * Removes the parts of a split file, and then their list; nothing where there is no list. What a crash leaves is still
 * listed, and goes the next time. Throws what the operating system says.
 */
export function removeParts(path: string): void {
  if (!exists(path + partsSuffix)) return;
  removePartsFrom(path, 1);
  removeIfThere(path + partsSuffix);
}

/** Removes the file that a path names, which was not split. Throws what the operating system says. */
export function removeWhole(path: string): void {
  if (exists(path) && !isSpecial(path)) removeIfThere(path);
}

/** Begins with the last part, so that a crash leaves no gap behind which others would be overlooked. */
function removePartsFrom(path: string, first: number): void {
  let end = first;
  while (exists(path + suffixOf(end))) end++;
  while (--end >= first) removeIfThere(path + suffixOf(end));
}

/** The path of the whole that a path stands for: its own, that of its list of parts, or that of its first part. */
export function wholeOf(path: string): string {
  return path.endsWith(partsSuffix) ? path.slice(0, -partsSuffix.length) : path.replace(/\.001$/, "");
}

/** True where a path names a list of parts or a first part, or a file that was split and is not there as a whole. */
export function isSplit(path: string): boolean {
  const whole = wholeOf(path);
  if (whole === path && exists(path)) return false;
  return exists(whole + partsSuffix) || exists(whole + suffixOf(1));
}

/**
 * The bytes of all parts of a split file. Throws `bundle_interrupted` where a part is missing or short, and its `read`
 * throws `bundle_wrong` where one has other bytes than it was written with; both name the part.
 */
export class PartsSource implements ByteSource {
  readonly #folder: string;
  readonly #parts: readonly AnyPart[];
  #index = -1;
  #file: Deno.FsFile | null = null;
  #hash: Hash | null = null;
  #left = 0;

  constructor(path: string) {
    const whole = wholeOf(path);
    this.#folder = whole.slice(0, whole.lastIndexOf("/") + 1);
    this.#parts = listParts(whole);
    const problems = this.#parts.flatMap((part) => this.#problemOf(part));
    if (problems.length > 0) throw new VaultError("bundle_interrupted", problems.join("; "));
  }

  read(into: Uint8Array): number | null {
    while (this.#left === 0) {
      if (!this.#next()) return null;
    }
    const count = this.#file!.readSync(into.subarray(0, this.#left));
    if (count === null) throw new VaultError("bundle_interrupted", `the part ${this.#name} has become shorter`);
    this.#hash?.update(into.subarray(0, count));
    this.#left -= count;
    return count;
  }

  /** Says which part has other bytes than it was written with, among those read so far; null for none. */
  blame(): string | null {
    const rest = new Uint8Array(1024 * 1024);
    try {
      while (this.#left > 0) this.read(rest);
      this.#checkDigest();
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  get #name(): string {
    return this.#parts[this.#index]!.name;
  }

  #next(): boolean {
    this.#checkDigest();
    this.close();
    const part = this.#parts[++this.#index];
    if (part === undefined) return false;
    this.#file = Deno.openSync(this.#folder + part.name);
    this.#hash = part.sha256 === null ? null : createHash("sha256");
    this.#left = part.sizeBytes;
    return true;
  }

  #checkDigest(): void {
    const part = this.#parts[this.#index];
    const actual = this.#hash?.digest("hex");
    this.#hash = null;
    if (actual === undefined || actual === part?.sha256) return;
    const other = this.#parts.find(({ sha256 }) => sha256 === actual);
    const what = other === undefined ? "other bytes than it was written with" : `the bytes of ${other.name}`;
    throw new VaultError("bundle_wrong", `the part ${part!.name} has ${what}; copy it again`);
  }

  #problemOf({ name, sizeBytes }: AnyPart): string[] {
    const size = sizeOf(this.#folder + name);
    if (size === sizeBytes) return [];
    const what = size === null ? "is missing" : `has ${size} of ${sizeBytes} bytes`;
    return [`the part ${name} ${what}; copy it again`];
  }
}

/** The parts as the list beside them has them; without a list those that are there, one after the other. */
function listParts(whole: string): AnyPart[] {
  const text = readTextOrNull(whole + partsSuffix, maxListBytes);
  if (text !== null) return parseList(text, `${whole}${partsSuffix}`);
  const parts: AnyPart[] = [];
  for (let size; (size = sizeOf(whole + suffixOf(parts.length + 1))) !== null;) {
    parts.push({ name: nameOf(whole) + suffixOf(parts.length + 1), sizeBytes: size, sha256: null });
  }
  return parts;
}

function parseList(text: string, path: string): Part[] {
  const whole = nameOf(path.slice(0, -partsSuffix.length));
  const parts = jsonOrNull(text)?.parts;
  const isSound = Array.isArray(parts) && parts.length > 0 && parts.length <= maxParts &&
    parts.every((part: Partial<Part> | null, index) =>
      part?.name === whole + suffixOf(index + 1) && Number.isSafeInteger(part.sizeBytes) && part.sizeBytes! > 0 &&
      typeof part.sha256 === "string"
    );
  if (!isSound) throw new VaultError("bundle_wrong", `the list of its parts, "${path}", is damaged; copy it again`);
  return parts;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function sizeOf(path: string): number | null {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function exists(path: string): boolean {
  return sizeOf(path) !== null;
}
