import { DocumentTooLarge, unpack } from "../../shared/unpack.ts";
import type { SourceFile } from "../../../shelf.ts";
import { PackageLineParser } from "../packages/line_parser.ts";

/** A file that a list of packages has. */
export interface ListedPackage {
  /** Below the root of the repository. */
  readonly path: string;
  readonly sha256: string;
}

const codings: Readonly<Record<string, string>> = { "": "identity", xz: "xz", gz: "gzip", zst: "zstd", bz2: "bzip2" };

/** What is read of a list. */
interface Limits {
  /** Of the unpacked list. */
  readonly maxBytes: number;
  /** Each is looked for in the source. */
  readonly maxPackages: number;
  /** So many characters of paths and digests are in memory at a time. */
  readonly pieceLength: number;
}

/** Debian's largest list has some 60 MB and 70,000 packages, which are one piece. */
const usualLimits: Limits = {
  maxBytes: 512 * 1024 * 1024,
  maxPackages: 1_000_000,
  pieceLength: 16 * 1024 * 1024,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The name of a list of packages without its packing; null for any other file that a release lists. */
export function listNameOf(listed: string): string | null {
  return /^(.*(?:^|\/)(?:Packages|Sources))(?:\.(?:xz|gz|zst|bz2))?$/.exec(listed)?.[1] ?? null;
}

/**
 * Yields what a Packages or a Sources lists, which is packed as its name in the release says. A few bytes may unpack to
 * any number of packages: the list is unpacked again for each piece of it that is in memory. Throws `UnpackError`, and
 * `DocumentTooLarge` for a list that is too large.
 */
export async function* readList(
  file: SourceFile,
  listed: string,
  limits = usualLimits,
): AsyncGenerator<ListedPackage> {
  const [, ending = ""] = /\.(\w+)$/.exec(listed) ?? [];
  for (let first = 0;;) {
    const piece = await readPiece(file, { coding: codings[ending]!, first, limits });
    yield* piece.packages;
    if (piece.isLast) return;
    first += piece.packages.length;
  }
}

interface Piece {
  readonly packages: readonly ListedPackage[];
  readonly isLast: boolean;
}

interface PieceOptions {
  readonly coding: string;
  /** The number of packages before it. */
  readonly first: number;
  readonly limits: Limits;
}

async function readPiece(file: SourceFile, { coding, first, limits }: PieceOptions): Promise<Piece> {
  const { maxBytes, maxPackages, pieceLength } = limits;
  const packages: ListedPackage[] = [];
  let [seen, length, unpackedBytes] = [0, 0, 0];
  const parser = new PackageLineParser((path, sha256) => {
    if (seen >= maxPackages) throw new DocumentTooLarge(`it lists more than ${maxPackages} packages`);
    if (seen++ < first || length >= pieceLength) return;
    length += path.length + sha256.length;
    packages.push({ path: copied(path), sha256: copied(sha256) });
  });
  const full = new DocumentTooLarge();
  try {
    await unpack(file.stream(0), coding, (chunk) => {
      unpackedBytes += chunk.byteLength;
      if (unpackedBytes > maxBytes) throw new DocumentTooLarge(`it unpacks to more than ${maxBytes} bytes`);
      parser.write(chunk);
      if (length >= pieceLength) throw full;
    });
  } catch (error) {
    if (error !== full) throw error;
    return { packages, isLast: false };
  }
  parser.end();
  return { packages, isLast: first + packages.length === seen };
}

/** A part of a line keeps all of it in memory. */
function copied(text: string): string {
  return decoder.decode(encoder.encode(text));
}
