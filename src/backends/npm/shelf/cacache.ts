import { asJsonObject, parseJsonObject } from "../../../http/json.ts";
import type { SourceFile, SourceTree } from "../../../shelf.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { digestOf as digestOfIntegrity } from "../integrity.ts";
import { isFileName, isPackageName } from "../names.ts";

/** The answer to a request that npm has cached. */
export interface CachedAnswer {
  /** The path of its body in the source. */
  readonly content: string;
  /** As `sha512-…`; null where it is not known. */
  readonly integrity: string | null;
  /** When it was stored, in ms since the epoch. */
  readonly time: number;
}

/** Packages that something has cached. */
export interface PackageCache {
  /** What it is, to stand after "is". */
  readonly description: string;
  /** By their names, sorted. */
  readonly packages: ReadonlyMap<string, CachedPackage>;
  /** The body of an answer; null where it is gone. */
  find(answer: CachedAnswer): Promise<SourceFile | null>;
}

/** What is cached of one package. */
export interface CachedPackage {
  readonly name: string;
  /** The document about it, the whole one where both forms are there; null where there is none. */
  readonly document: CachedAnswer | null;
  /** By their names. */
  readonly tarballs: ReadonlyMap<string, CachedAnswer>;
}

interface Found {
  document: (CachedAnswer & { readonly isFull: boolean }) | null;
  readonly tarballs: Map<string, CachedAnswer>;
}

const requestKey = "make-fetch-happen:request-cache:";
const maxIndexBytes = 4 * 1024 * 1024;

/** The content of npm's cache (cacache, index of version 5): `~/.npm/_cacache`. */
export class Cacache implements PackageCache {
  readonly description = "the cache of npm";
  readonly packages: ReadonlyMap<string, CachedPackage>;
  readonly #tree: SourceTree;

  private constructor(tree: SourceTree, packages: ReadonlyMap<string, CachedPackage>) {
    this.#tree = tree;
    this.packages = packages;
  }

  /** Opens the cache at the root of a source, or in its folder `_cacache`; null where there is none. */
  static async open(tree: SourceTree): Promise<Cacache | null> {
    for (const root of ["", "_cacache/"]) {
      const names = (await tree.list(root.slice(0, -1))).filter(({ isFolder }) => isFolder).map(({ name }) => name);
      if (names.includes("index-v5") && names.includes("content-v2")) {
        return new Cacache(tree, await readIndex(tree, root));
      }
    }
    return null;
  }

  find({ content }: CachedAnswer): Promise<SourceFile | null> {
    return this.#tree.find(content);
  }
}

async function readIndex(tree: SourceTree, root: string): Promise<ReadonlyMap<string, CachedPackage>> {
  const found = new Map<string, Found>();
  for await (const path of walkFiles(tree, `${root}index-v5`)) {
    const file = await tree.find(path);
    if (file === null || file.sizeBytes > maxIndexBytes) continue;
    const text = new TextDecoder().decode(await readWhole(file, maxIndexBytes));
    for (const line of text.split("\n")) addLine(line, { root, found });
  }
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1).map(([name, one]) => [name, { name, ...one }]));
}

/** A line is a checksum, a tab, and JSON. Of one key the last line counts. */
function addLine(line: string, { root, found }: { root: string; found: Map<string, Found> }): void {
  const { key, integrity, time, metadata } = parseJsonObject(line.slice(line.indexOf("\t") + 1)) ?? {};
  if (typeof key !== "string" || !key.startsWith(requestKey) || typeof integrity !== "string") return;
  const content = contentPath(integrity);
  const url = URL.parse(key.slice(requestKey.length));
  const asked = url && askedIn(url);
  if (content === null || asked === null) return;
  const { name, file } = asked;
  const one = found.get(name) ?? { document: null, tarballs: new Map() };
  const answer = { content: root + content, integrity, time: typeof time === "number" ? time : 0 };
  if (file !== null) one.tarballs.set(file, answer);
  else {
    const type = String(asJsonObject(asJsonObject(metadata).resHeaders)["content-type"] ?? "");
    const isFull = !type.includes("vnd.npm.install");
    const isBetter = one.document === null || isFull && !one.document.isFull ||
      isFull === one.document.isFull && answer.time >= one.document.time;
    if (isBetter) one.document = { ...answer, isFull };
  }
  found.set(name, one);
}

/** The package, and the name of the tarball, that a path of any registry means; null for what is neither. */
export function askedIn(
  { pathname }: Pick<URL, "pathname">,
): { readonly name: string; readonly file: string | null } | null {
  const path = decodedOrEmpty(pathname);
  const [, ofTarball, file] = /\/((?:@[^/]+\/)?[^/]+)\/-\/(?:@[^/]+\/)?([^/]+)$/.exec(path) ?? [];
  if (ofTarball !== undefined) {
    return isPackageName(ofTarball) && isFileName(file!) ? { name: ofTarball, file: file! } : null;
  }
  if (path.includes("/-/")) return null;
  const [, name = ""] = /\/((?:@[^/]+\/)?[^/@]+)$/.exec(path) ?? [];
  return isPackageName(name) ? { name, file: null } : null;
}

function decodedOrEmpty(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return "";
  }
}

/** `content-v2/sha512/ab/cd/…`, by the digest in hex. */
function contentPath(integrity: string): string | null {
  const digest = digestOfIntegrity(integrity, null);
  if (digest === null) return null;
  const { algorithm, hex } = digest;
  return `content-v2/${algorithm}/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`;
}
