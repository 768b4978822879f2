import type { SourceFile } from "../../../shelf.ts";
import { unpack } from "../../shared/unpack.ts";
import { PackageLineParser } from "../packages/line_parser.ts";

/** A file that a list of packages has. */
export interface ListedPackage {
  /** Below the root of the repository. */
  readonly path: string;
  readonly sha256: string;
}

const codings: Readonly<Record<string, string>> = { "": "identity", xz: "xz", gz: "gzip", zst: "zstd", bz2: "bzip2" };

/** The name of a list of packages without its packing; null for any other file that a release lists. */
export function listNameOf(listed: string): string | null {
  return /^(.*(?:^|\/)(?:Packages|Sources))(?:\.(?:xz|gz|zst|bz2))?$/.exec(listed)?.[1] ?? null;
}

/** Reads a Packages or a Sources, packed as its name in the release says. Throws `UnpackError`. */
export async function readList(file: SourceFile, listed: string): Promise<ListedPackage[]> {
  const packages: ListedPackage[] = [];
  const parser = new PackageLineParser((path, sha256) => packages.push({ path, sha256 }));
  const [, ending = ""] = /\.(\w+)$/.exec(listed) ?? [];
  await unpack(file.stream(0), codings[ending]!, (chunk) => parser.write(chunk));
  parser.end();
  return packages;
}
