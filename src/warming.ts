import type { FetchedAhead } from "./reader.ts";

/** A request of somebody who wants the vault to have something. */
export interface VaultRequest {
  /** `GET` when absent. */
  readonly method?: "GET" | "HEAD";
  /** Names in lower case; every form of the body is accepted when absent. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Asks a vault what a client would ask it: the one in this process, or one that runs elsewhere. What a client is
 * answered is then cached, so the caller reads each body to its end or cancels it.
 */
export interface VaultClient {
  /**
   * Resolves with the vault's answer, whatever its status; redirects within the vault are followed. `path` begins with
   * a slash and is percent-encoded; it may have a query. Rejects with `upstream_down` where the vault cannot be reached,
   * and with the reason of the signal.
   */
  request(path: string, request?: VaultRequest): Promise<Response>;
  /**
   * Resolves once what such a request asks for is stored, whole and checked; its body is not read. Null where nothing is
   * cached for it, such as a redirect, which has to be requested. Rejects with the vault's own errors. Absent where the
   * vault runs elsewhere.
   */
  fetchAhead?(path: string, request?: VaultRequest): Promise<FetchedAhead | null>;
  /** Returns the bytes that are here of bodies on their way; absent with `fetchAhead`. */
  arrivingBytes?(): number;
}

/** One thing that a client would ask for. */
export interface WarmRequest {
  /** As `VaultClient.request` takes it. */
  readonly path: string;
  /** Its name for people, such as `alpine:3.20 linux/amd64`; the path when absent. */
  readonly label?: string;
  /** As in `VaultRequest`: those by which the client that is meant chooses a representation. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The size of the body where a document has told it. */
  readonly sizeBytes?: number;
}

/** A line of a list, such as `docker:alpine:3.20 platforms=linux/amd64`. */
export interface WarmLine {
  /** The word before the first colon: `docker`. */
  readonly scheme: string;
  /** The rest of the first word: `alpine:3.20`. */
  readonly subject: string;
  /** The words behind that are no options. */
  readonly words: readonly string[];
  /** Words of the form `name=value`, where the source has an option of that name. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a whole run asks for, where a line does not say otherwise. Lists are empty where nothing is asked for. */
export interface WarmSettings {
  /** The version of Python that wheels are chosen for, such as `3.12`. */
  readonly python?: string | undefined;
  /** Platforms in the words of each protocol: `linux/arm64` of images, `manylinux_2_28_x86_64` of wheels. */
  readonly platforms: readonly string[];
  /** True for signatures, SBOMs and whatever else refers to an image. */
  readonly referrers: boolean;
  /** True for the packages that a package recommends. */
  readonly recommends: boolean;
  /** Suites for lists that name none: `debian/bookworm/main`. */
  readonly suites: readonly string[];
}

/** A setting that means something to some sources only. */
export type SourceSetting = Exclude<keyof WarmSettings, "platforms">;

/** Returns the line of a list that means this path alone: braces and brackets that mean several get a backslash. */
export function lineOfPath(path: string): string {
  return path.replace(/\{|\[(?=\w+-\w+\])/g, "\\$&");
}

/** A document that a source has read. */
export interface WarmDocument {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

/** What a source gets to turn a line into requests. */
export interface Expansion {
  readonly settings: WarmSettings;
  readonly signal: AbortSignal;
  /**
   * Returns a document, which is warmed by this like anything else; throws `too_large` for one above 256 MiB, and else
   * a VaultError with the vault's own reason.
   */
  read(request: WarmRequest): Promise<WarmDocument>;
  /** The same; null where there is no such document, which then counts as nothing. */
  readIfThere(request: WarmRequest): Promise<WarmDocument | null>;
  /** Tells people what is left out, and why. */
  note(message: string): void;
  /** Does something that takes a while without a request, and tells people what: `working out dependencies`. */
  during<T>(what: string, work: () => Promise<T>): Promise<T>;
}

/** A file that people already have, such as a lock file, which a source reads as a list. */
export interface ListFile {
  /** As it was named, for messages and as the base of names in it. */
  readonly path: string;
  readonly text: string;
}

/** A line that a file asks for, and the place in it where it does: the path and the number of the line. */
export interface FormLine {
  readonly text: string;
  readonly at: string;
}

/** A form of files that a source knows. */
export interface ListForm {
  /** Its name for people: `requirements.txt`. */
  readonly name: string;
  isForm(file: ListFile): boolean;
  /**
   * Returns the lines of a list that ask for the same, with their places where the form has such. Throws
   * `config_invalid` for a file that cannot be parsed.
   */
  linesOf(
    file: ListFile,
    reading: ListReading,
  ): Promise<readonly (string | FormLine)[]> | readonly (string | FormLine)[];
}

/** What the reader of a file may ask for. */
export interface ListReading {
  readonly settings: WarmSettings;
  /** Reads another file, by a path relative to the one that names it. Throws `config_invalid`. */
  open(path: string, from: ListFile): Promise<ListFile>;
  note(message: string): void;
}

/** A package URL, taken apart (purl-spec). */
export interface PackageUrl {
  /** In lower case: `pypi`. */
  readonly type: string;
  /** Its segments joined with slashes; empty where it has none. */
  readonly namespace: string;
  readonly name: string;
  /** Empty where it names none. */
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

/** How a protocol calls platforms. */
export interface PlatformWords {
  /** An example, for messages. */
  readonly example: string;
  isOne(text: string): boolean;
}

/** What the backends of one type know about filling a cache ahead. All members may be absent but the first two. */
export interface WarmSource {
  /** Returns the path of a URL that one of the backends fetches from; null for any other URL. */
  pathOf(url: URL): string | null;
  /**
   * Returns what the configuration needs for a URL that no backend fetches from, to stand behind "add": a backend of its
   * type; null for a URL that looks like none of its own.
   */
  adviceFor?(url: URL): string | null;
  /** What the paths that its backends serve begin with: `/pypi`, or `/` for all. */
  readonly prefixes: readonly string[];
  /** The scheme of its lines; without one it has none. */
  readonly scheme?: string;
  /** An example of a line, for messages. */
  readonly example?: string;
  /** The names of options of its lines. */
  readonly options?: readonly string[];
  /** The words of its lines that are no options; any where absent. */
  readonly words?: readonly string[];
  /** The words by which its lines choose platforms; none where absent. */
  readonly platforms?: PlatformWords;
  /** What it heeds of the settings of a run besides platforms; nothing where absent. */
  readonly settings?: readonly SourceSetting[];
  /** True where lines that differ in their words only may be one, which costs less. */
  readonly joinsLines?: boolean;
  /**
   * Yields what clients ask for to get what a line means, what comes first in them first. Throws a VaultError for what
   * means nothing or is not available: what was yielded before is warmed even so.
   */
  expand?(line: WarmLine, expansion: Expansion): AsyncIterable<WarmRequest>;
  readonly forms?: readonly ListForm[];
  /** Returns the line that a package URL means; null for a type that it does not serve. */
  lineOf?(url: PackageUrl): string | null;
}
