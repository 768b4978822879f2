/** Hashes in hex by the names of their algorithms in lower case, not checked in any way. */
export type Hashes = Readonly<Record<string, string>>;

/** No project has as many files: a page that lists more is refused. PyPI's largest has some 30,000. */
export const maxFiles = 200_000;

/** One file of a project. */
export interface PageFile {
  readonly filename: string;
  /** Absolute, http or https, with its query; without credentials and without fragment. */
  readonly url: string;
  /** The hashes of the file; empty where the index has none. */
  readonly hashes: Hashes;
  /** The upload time in ms since the epoch; null where the index does not say (PEP 700). */
  readonly uploadTime: number | null;
  /** The hashes of the `.metadata` beside it, which may be none; null where there is no such file (PEP 658, 714). */
  readonly coreMetadata: Hashes | null;
  /** True where an `.asc` is beside it; null where the index does not say. */
  readonly gpgSig: boolean | null;
  readonly requiresPython: string | null;
  /** The reason why it was yanked, or only that it was (PEP 592). */
  readonly yanked: string | boolean;
  /** The absolute URL of its attestations (PEP 740). */
  readonly provenance: string | null;
  /** The file in the page's own form. */
  readonly source: FileSource;
}

/** A link that is shown unchanged, and that clients follow themselves: `git+https://…#egg=…`. */
export interface OutsideLink {
  readonly url: string;
  /** The name of the file, as far as the link says. */
  readonly name: string;
  readonly source: FileSource;
}

/** An object of `files`, or an anchor. */
export type FileSource =
  | { readonly form: "json"; readonly entry: Readonly<Record<string, unknown>> }
  | { readonly form: "html"; readonly attributes: Readonly<Record<string, string>>; readonly text: string };

/**
 * The content of a page besides its files: all keys of a JSON page, or the `<meta>` elements of an HTML one by name.
 */
export type PageSource =
  | { readonly form: "json"; readonly keys: Readonly<Record<string, unknown>> }
  | { readonly form: "html"; readonly meta: readonly (readonly [name: string, content: string])[] };

/** The page of a project, parsed. */
export interface ProjectPage {
  /** The name as the index spells it, or else as its URL does. */
  readonly name: string;
  /** The files with http or https URLs, in the page's order. */
  readonly files: readonly PageFile[];
  readonly outside: readonly OutsideLink[];
  readonly source: PageSource;
}
