import { createHash } from "node:crypto";
import { Pattern } from "../pattern.ts";

/** How the Hub stores a file: in git itself, in its large-file storage, or there by way of Xet. */
export type Storage = "git" | "lfs" | "xet";

export interface HubFileOptions {
  readonly storage: Storage;
  /** Its content, or how many bytes of a pattern it has. */
  readonly content: string | Uint8Array | { readonly sizeBytes: number; readonly seed: number };
}

/** A file of a repository, as the Hub knows it. */
export class HubFile {
  readonly storage: Storage;
  readonly sizeBytes: number;
  readonly #content: Uint8Array | Pattern;
  #sha256: string | null = null;

  constructor({ storage, content }: HubFileOptions) {
    this.storage = storage;
    this.#content = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content instanceof Uint8Array
      ? content
      : new Pattern(content.sizeBytes, content.seed);
    this.sizeBytes = this.#content instanceof Pattern ? this.#content.size : this.#content.byteLength;
  }

  /** Up to 256 KiB of its bytes from `offset` on, in memory of their own. */
  chunk(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#content instanceof Pattern
      ? this.#content.chunk(offset, length).slice()
      : this.#content.slice(offset, offset + Math.min(length, 256 * 1024)) as Uint8Array<ArrayBuffer>;
  }

  /** All of it, in memory. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#content instanceof Pattern ? this.#content.bytes() : this.#content.slice() as Uint8Array<ArrayBuffer>;
  }

  get sha256(): string {
    this.#sha256 ??= this.#content instanceof Pattern
      ? this.#content.sha256()
      : createHash("sha256").update(this.#content).digest("hex");
    return this.#sha256;
  }

  /** Git's name of its bytes; for one that is stored elsewhere, of the pointer in git. */
  get oid(): string {
    const blob = this.storage === "git" ? this.bytes() : new TextEncoder().encode(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${this.sha256}\nsize ${this.sizeBytes}\n`,
    );
    return createHash("sha1").update(`blob ${blob.byteLength}\0`).update(blob).digest("hex");
  }

  /** What the Hub calls its ETag: git's name, or the SHA-256 of a large file. */
  get etag(): string {
    return `"${this.storage === "git" ? this.oid : this.sha256}"`;
  }

  /** Any 64 hex digits that no other file has; null for a file without Xet. */
  get xetHash(): string | null {
    return this.storage === "xet" ? createHash("sha256").update(`xet ${this.sha256}`).digest("hex") : null;
  }
}
